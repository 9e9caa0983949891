// Asks the server what the chosen books would cost, and shows the answer.
const form = document.getElementById("checkout");

document.getElementById("quote").addEventListener("click", async () => {
    const url = new URL(form.dataset.quoteUrl, location.href);
    for (const box of form.querySelectorAll("[name=books]:checked")) {
        url.searchParams.append("book", box.value);
    }
    const answer = await (await fetch(url)).json();
    document.getElementById("total").value = `${answer.books} books, £${answer.total}`;
});
