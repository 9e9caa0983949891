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

/**
 * Whether it does not ask the browser for a new tab or window.
 *
 * @param {MouseEvent | KeyboardEvent} event
 */
export function isPlain(event) {
    return !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
}

/**
 * Whether a press was moved too far, in pixels, to be a click.
 *
 * @param {number} dx
 * @param {number} [dy]
 */
export function strays(dx, dy = 0) {
    return Math.hypot(dx, dy) >= 4;
}

/**
 * Tells clicks from the ends of drags, which select text: in a shadow root the selection can't be asked for.
 *
 * @param {HTMLElement} holder
 * @returns {(click: MouseEvent) => boolean}
 */
export function dragsIn(holder) {
    let pressed = null;
    holder.addEventListener("pointerdown", (event) => {
        pressed = event;
    });
    // One without a pointer has no detail.
    return ({ detail, clientX, clientY }) =>
        detail > 0 &&
        pressed !== null &&
        strays(clientX - pressed.clientX, clientY - pressed.clientY);
}

const BETWEEN_WORDS = /(?<=[_.])(?=[^_.])|(?<=[a-z])(?=[A-Z])/;

/**
 * A name that breaks between its words where it is too long for a line, as the server writes it.
 *
 * @param {string} text
 * @param {RegExp} where  It may break; for what is no name.
 * @returns {(string | Node)[]}
 */
export function breakable(text, where = BETWEEN_WORDS) {
    return text.split(where).flatMap((part, i) => (i ? [element("wbr", ""), part] : [part]));
}
