// A click on a column's head sorts its table: numbers from the highest, text from A, a second
// click the other way round. What is missing comes last.
const text = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
const number = (row, column) => (text(row, column) === "" ? NaN : Number(text(row, column)));

const sortBy = (head) => {
  const column = head.cellIndex;
  const body = head.closest("table").tBodies[0];
  const rows = [...body.rows];
  const numeric = rows.some((row) => !Number.isNaN(number(row, column)));
  const was = head.getAttribute("aria-sort");
  const descending = was ? was === "ascending" : numeric;
  head.parentElement.querySelectorAll("th").forEach((th) => th.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const sign = descending ? -1 : 1;
  rows.sort((a, b) => {
    if (!numeric) return sign * text(a, column).localeCompare(text(b, column));
    const [x, y] = [number(a, column), number(b, column)];
    return Number.isNaN(x) - Number.isNaN(y) || sign * (x - y);
  });
  body.append(...rows);
};

document.querySelectorAll("table.sortable th button").forEach((button) => {
  button.addEventListener("click", () => sortBy(button.parentElement));
});

// The overlays of a card are those of the comparison: each picture is in the page once.
document.querySelectorAll("img[data-copy]").forEach((image) => {
  image.src = document.getElementById(image.dataset.copy).src;
});

// A picture fills the window when it is clicked; the next click or the escape key closes it.
const enlarged = document.getElementById("enlarged");
const enlarge = (image) => {
  const large = enlarged.querySelector("img");
  large.src = image.src;
  large.alt = image.alt;
  enlarged.querySelector("p").textContent = image.alt;
  enlarged.showModal();
};
document.querySelectorAll("img.enlarge").forEach((image) => {
  image.addEventListener("click", () => enlarge(image));
  image.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      enlarge(image);
    }
  });
});
enlarged.addEventListener("click", () => enlarged.close());

// A link to a card opens it, also a second time.
const openCard = (hash) => {
  const card = document.getElementById(hash.slice(1));
  if (card instanceof HTMLDetailsElement) card.open = true;
};
document.querySelectorAll('a[href^="#"]').forEach((link) => {
  link.addEventListener("click", () => openCard(link.hash));
});
window.addEventListener("hashchange", () => openCard(location.hash));
openCard(location.hash);
