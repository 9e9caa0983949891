/**
 * An element with its text or children. Text from a recording only ever becomes a text node.
 *
 * @param {string} tag
 * @param {string} classes
 * @param {...(string | Node)} content
 */
export function element(tag, classes, ...content) {
    const made = document.createElement(tag);
    if (classes) {
        made.className = classes;
    }
    made.append(...content);
    return made;
}

/**
 * A button, and what it does if it is not told apart by its attributes.
 *
 * @param {string} classes
 * @param {string} text
 * @param {() => void} [action]
 */
export function button(classes, text, action) {
    const made = element("button", classes, text);
    made.type = "button";
    if (action) {
        made.addEventListener("click", action);
    }
    return made;
}

/**
 * Whether the focus is in the element, and would be lost with what is in it.
 *
 * @param {HTMLElement} holder
 */
export function holdsFocus(holder) {
    return holder.contains(holder.getRootNode().activeElement);
}
