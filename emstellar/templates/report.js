// A click on a column's head sorts its table; a second click turns the order.
document.querySelectorAll("table.sortable th button").forEach((button) => {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const column = head.cellIndex;
    const body = head.closest("table").tBodies[0];
    const descending = head.getAttribute("aria-sort") !== "descending";
    head.parentElement.querySelectorAll("th").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    const compare = (a, b) => {
      const [x, y] = [Number(value(a)), Number(value(b))];
      if (Number.isNaN(x) || Number.isNaN(y)) {
        return Number.isNaN(x) && Number.isNaN(y)
          ? value(b).localeCompare(value(a)) : (Number.isNaN(x) ? 1 : -1) * (descending ? 1 : -1);
      }
      return y - x;
    };
    const rows = [...body.rows].sort((a, b) => (descending ? 1 : -1) * compare(a, b));
    body.append(...rows);
  });
});
