// Light and dark; and large type for a projector, at the address ...?present.

const isPresenting = new URLSearchParams(location.search).has("present");
const night = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme === "auto" && night.matches);
};

function nameTheme() {
  $("theme").textContent = isDark() ? "Light" : "Dark";
}

$("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
  drawMap();
});
night.addEventListener("change", nameTheme);
document.documentElement.classList.toggle("present", isPresenting);
