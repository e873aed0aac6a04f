// Elements of the page. Only text can come from outside.

const $ = (id) => document.getElementById(id);

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(text, label, act) {
  const element = make("button", "", text);
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

// A button that is `disabled` would lose the focus.
const able = (element, can) => element.setAttribute("aria-disabled", String(!can));

// Do something once before the next frame, however often it is asked for.
function oncePerFrame(act) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      act();
    });
  };
}

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
