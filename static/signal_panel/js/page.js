/** A page of its own has the system's theme; without scripts the light one. */

export const dark = matchMedia("(prefers-color-scheme: dark)");

function follow() {
    document.getElementById("djDebug").dataset.theme = dark.matches ? "dark" : "light";
}

follow();
dark.addEventListener("change", follow);
