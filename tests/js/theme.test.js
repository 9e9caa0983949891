import assert from "node:assert/strict";
import { test } from "node:test";

import { APP_COLORS, colorNumbers } from "../../static/signal_panel/js/theme.js";

test("Django has the first colour to itself", () => {
    const numbers = colorNumbers(["shop", "django", "billing"]);
    assert.equal(numbers.get("django"), 0);
    assert.ok(numbers.get("shop") > 0);
});

test("apps have colours of their own as long as there are any", () => {
    const apps = ["a", "b", "c", "d", "e", "f", "g"];
    assert.equal(new Set(colorNumbers(apps).values()).size, apps.length);
    const many = colorNumbers([..."abcdefghijklmnopqrstuvwxyz"]);
    for (const number of many.values()) {
        assert.ok(number > 0 && number < APP_COLORS);
    }
});

test("an app keeps its colour from one request to the next", () => {
    const alone = colorNumbers(["shop"]).get("shop");
    assert.equal(colorNumbers(["django", "shop"]).get("shop"), alone);
});
