import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
    duration,
    fill,
    shortName,
    shortPath,
    thousands,
    tick,
} from "../../static/signal_panel/js/format.js";

// tests/test_templating.py and tests/test_places.py hold the server to the same.
const { names, paths } = JSON.parse(
    readFileSync(new URL("../short.json", import.meta.url), "utf8"),
);

test("a duration has three digits and the unit that suits it", () => {
    const expected = {
        0: "0 ns",
        7: "7 ns",
        999: "999 ns",
        1000: "1.00 µs",
        12345: "12.3 µs",
        123456: "123 µs",
        999499: "999 µs",
        48200000: "48.2 ms",
        1240000000: "1.24 s",
        59940000000: "59.9 s",
    };
    for (const [ns, text] of Object.entries(expected)) {
        assert.equal(duration(Number(ns)).replace("\u202f", " "), text);
    }
});

test("a duration of a minute and more is told in minutes and seconds", () => {
    const expected = {
        59950000000: "1 min",
        60000000000: "1 min",
        75400000000: "1 min 15 s",
        90500000000: "1 min 31 s",
        3600000000000: "60 min",
        9000000000001: "150 min",
    };
    for (const [ns, text] of Object.entries(expected)) {
        assert.equal(duration(Number(ns)).replace(/[\u202f\u00a0]/g, " "), text);
    }
});

test("a duration that rounds up to a unit is told in it", () => {
    assert.equal(duration(999960), "1.00\u202fms");
    assert.equal(duration(999960000), "1.00\u202fs");
});

test("a number and its unit cannot be parted at the end of a line", () => {
    assert.ok(duration(1).includes("\u202f"));
    assert.ok(!duration(75e9).includes(" "));
    assert.ok(tick(0, 1e6, 1e9).includes("\u202f"));
});

test("ticks have the decimals that their step needs", () => {
    const at = (ns, step, largest) => tick(ns, step, largest).replace("\u202f", " ");
    assert.equal(at(20e6, 20e6, 155e6), "20 ms");
    assert.equal(at(48_201_000, 1000, 48_300_000), "48.201 ms");
    assert.equal(at(1.5e9, 0.5e9, 3e9), "1.5 s");
    assert.equal(at(0, 200, 900), "0 ns");
});

test("thousands are set apart", () => {
    assert.equal(thousands(0), "0");
    assert.equal(thousands(999), "999");
    assert.equal(thousands(100000), "100,000");
    assert.equal(thousands(1234567), "1,234,567");
});

test("a text's places are filled by name, as Python's are", () => {
    assert.equal(fill("%(count)s of %(total)s", { count: 12, total: 214 }), "12 of 214");
    assert.equal(fill("%(name)s", { name: "$& %(name)s" }), "$& %(name)s");
});

test("a name is shortened to its last part, with the class that it is in", () => {
    for (const [name, short] of Object.entries(names)) {
        assert.equal(shortName(name), short);
    }
});

test("a path is shortened to what tells files apart", () => {
    for (const [path, short] of Object.entries(paths)) {
        assert.equal(shortPath(path), short);
    }
});
