// A search finds values by name, op or line of source, one after the other.

let foundAt = -1;
let lastSearch = "";

const matches = (words) => values.map((_, i) => i).filter((i) => {
  const { name, source, of } = values[i];
  const text = `${name} ${of ? form(i).op : "leaf"} ${source || ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
});

function find(way = 1) {
  const text = $("search").value.trim().toLowerCase();
  if (text !== lastSearch) foundAt = -1;
  lastSearch = text;
  const found = text ? matches(text.split(/\s+/)) : [];
  if (found.length) {
    foundAt = (foundAt + way + found.length + (foundAt < 0 && way < 0 ? 1 : 0)) % found.length;
    choose(found[foundAt]);
  }
  $("found").textContent = !text ? "" : found.length ? `${foundAt + 1} of ${found.length}` : "none";
}

$("search").addEventListener("input", () => find());
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") find(event.shiftKey ? -1 : 1);
  else if (event.key === "Escape") $("search").blur();
});
