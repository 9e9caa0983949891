/**
 * What pointers do that are pressed on the canvases: one drags or clicks, two pinch.
 *
 * @typedef {object} Steps  Of a drag. Without a move it was a click.
 * @property {(dx: number, dy: number) => void} move
 * @property {boolean} [sideways]  Whether a press that slips up or down is a click still.
 * @property {() => void} [end]
 * @property {() => void} [click]
 * @property {() => void} [cancel]
 *
 * @typedef {object} Fingers  Two, in pixels of the window.
 * @property {number} x  Their middle.
 * @property {number} spread  How far they are apart.
 */

import { strays } from "./elements.js";

export class Gestures {
    /** @param {(from: Fingers, canvas: HTMLElement) => (to: Fingers) => void} pinch */
    constructor(pinch) {
        this.pinch = pinch;
        /** @type {Map<number, PointerEvent>} where those are that are down, by id */
        this.pointers = new Map();
        /** What they are doing; null after it was cancelled, until the next press. */
        this.current = null;
    }

    /**
     * Follows presses on a canvas until they are let go.
     *
     * @param {HTMLElement} canvas
     * @param {(press: PointerEvent) => Steps} begin
     */
    follow(canvas, begin) {
        canvas.addEventListener("pointerdown", (event) => {
            if (event.button === 0) {
                canvas.setPointerCapture(event.pointerId);
                this.press(canvas, event, begin);
            }
        });
        canvas.addEventListener("pointermove", (event) => {
            if (this.pointers.has(event.pointerId)) {
                this.pointers.set(event.pointerId, event);
                this.current?.move(event);
            }
        });
        canvas.addEventListener("pointerup", (event) => {
            if (this.pointers.delete(event.pointerId)) {
                this.stop()?.end?.();
            }
        });
        canvas.addEventListener("pointercancel", (event) => {
            if (this.pointers.delete(event.pointerId)) {
                this.cancel();
            }
        });
    }

    press(canvas, event, begin) {
        if (event.isPrimary) {
            // Of others that seem to be down the end was missed.
            this.pointers.clear();
        }
        this.cancel();
        this.pointers.set(event.pointerId, event);
        if (this.pointers.size === 1) {
            this.current = dragging(event, begin(event));
        } else if (this.pointers.size === 2) {
            this.current = this.pinching(canvas);
        }
        this.canvas = canvas;
        canvas.classList.add("djsp-dragging");
    }

    /** Answers whether there was anything to cancel. */
    cancel() {
        const stopped = this.stop();
        stopped?.cancel?.();
        return Boolean(stopped);
    }

    stop() {
        const { current } = this;
        this.current = null;
        this.canvas?.classList.remove("djsp-dragging");
        return current;
    }

    pinching(canvas) {
        const fingers = () => {
            const [a, b] = this.pointers.values();
            const spread = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
            return { x: (a.clientX + b.clientX) / 2, spread: Math.max(1, spread) };
        };
        const to = this.pinch(fingers(), canvas);
        return { move: () => to(fingers()) };
    }
}

function dragging(press, steps) {
    let moved = false;
    return {
        move(event) {
            const dx = event.clientX - press.clientX;
            const dy = event.clientY - press.clientY;
            moved ||= strays(dx, steps.sideways ? 0 : dy);
            if (moved) {
                steps.move(dx, dy);
            }
        },
        end: () => (moved ? steps.end?.() : steps.click?.()),
        cancel: () => steps.cancel?.(),
    };
}
