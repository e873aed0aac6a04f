// Deep links: the address tells the position.

let hashTimer = null;

// Browsers refuse more than some hundred changes of the address in half a minute.
function rememberPosition() {
  if (hashTimer === null) hashTimer = setTimeout(writeHash, 400, "replaceState");
}

function writeHash(how) {
  forgetPosition();
  const hash = position < SEED ? `#forward=${position}` : `#step=${position - SEED}`;
  if (location.hash === hash) return;
  try {
    history[how](null, "", hash);
  } catch {
    // A page inside another page may have no address of its own.
  }
}

function forgetPosition() {
  clearTimeout(hashTimer);
  hashTimer = null;
}

// Follow a link to a position, so that the browser's Back leads here again.
function follow(event, to) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;  // a new tab, say
  event.preventDefault();
  writeHash("replaceState");
  jump(to, false);
  writeHash("pushState");
}

function followHash() {
  const found = /^#(step|forward)=(\d{1,9})$/.exec(location.hash);
  if (!found) return;
  forgetPosition();
  jump(found[1] === "step" ? SEED + Number(found[2]) : Math.min(Number(found[2]), SEED - 1), false);
}
