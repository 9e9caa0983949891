import assert from "node:assert/strict";
import { test } from "node:test";

import { dragsIn } from "../../static/signal_panel/js/elements.js";
import { Gestures } from "../../static/signal_panel/js/gestures.js";

/** A canvas, and what was done by pressing on it. */
function pressed(steps = {}) {
    const done = [];
    const note =
        (name) =>
        (...values) =>
            done.push([name, ...values]);
    const gestures = new Gestures((from) => {
        note("pinch")(from);
        return note("pinched");
    });
    const canvas = new EventTarget();
    canvas.setPointerCapture = () => {};
    canvas.classList = { add() {}, remove() {} };
    gestures.follow(canvas, () => ({
        move: note("move"),
        end: note("end"),
        click: note("click"),
        cancel: note("cancel"),
        ...steps,
    }));
    const event = (type, clientX, clientY = 0, pointerId = 1, isPrimary = pointerId === 1) => {
        const made = new Event(`pointer${type}`);
        canvas.dispatchEvent(
            Object.assign(made, { clientX, clientY, pointerId, isPrimary, button: 0 }),
        );
    };
    return { done, event, gestures };
}

/** What was done by a press at 10, 0 that was moved over these places and let go. */
function drag(places, steps) {
    const { done, event } = pressed(steps);
    event("down", 10);
    for (const place of places) {
        event("move", ...place);
    }
    event("up", ...places.at(-1));
    return done;
}

test("a press that moves less than four pixels is a click", () => {
    assert.deepEqual(drag([[12, 2]]), [["click"]]);
});

test("a press that moves four pixels is a click neither on a canvas nor in a table", () => {
    assert.deepEqual(drag([[14, 0]]), [["move", 4, 0], ["end"]]);
    const table = new EventTarget();
    const isDrag = dragsIn(table);
    table.dispatchEvent(Object.assign(new Event("pointerdown"), { clientX: 10, clientY: 0 }));
    assert.equal(isDrag({ detail: 1, clientX: 14, clientY: 0 }), true);
    assert.equal(isDrag({ detail: 1, clientX: 13, clientY: 0 }), false);
});

test("a drag is told how far it is from where it was pressed", () => {
    const places = [
        [15, 3],
        [11, 1],
    ];
    assert.deepEqual(drag(places), [["move", 5, 3], ["move", 1, 1], ["end"]]);
});

test("a press that slips up or down is a click where only what is moved sideways counts", () => {
    assert.deepEqual(drag([[11, 30]], { sideways: true }), [["click"]]);
});

test("a pointer that was not pressed here drags nothing", () => {
    const { done, event } = pressed();
    event("down", 10);
    event("move", 90, 0, 7);
    event("up", 90, 0, 7);
    event("up", 10);
    assert.deepEqual(done, [["click"]]);
});

test("two fingers pinch, and what the first one dragged is over", () => {
    const { done, event } = pressed();
    event("down", 10);
    event("down", 40, 40, 2);
    event("move", 80, 40, 2);
    event("up", 80, 40, 2);
    event("move", 20);
    event("up", 20);
    assert.deepEqual(done, [
        ["cancel"],
        ["pinch", { x: 25, spread: 50 }],
        ["pinched", { x: 45, spread: Math.hypot(70, 40) }],
    ]);
});

test("what is cancelled ends there, though the pointer is still down", () => {
    const { done, event, gestures } = pressed();
    assert.equal(gestures.cancel(), false);
    event("down", 10);
    event("move", 20);
    assert.equal(gestures.cancel(), true);
    event("move", 30);
    event("up", 30);
    assert.deepEqual(done, [["move", 10, 0], ["cancel"]]);
});

test("a new press is no second finger where the end of the one before was missed", () => {
    const { done, event } = pressed();
    event("down", 10);
    event("move", 20);
    event("down", 50);
    event("up", 50);
    assert.deepEqual(done, [["move", 10, 0], ["cancel"], ["click"]]);
});
