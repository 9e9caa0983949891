import assert from "node:assert/strict";
import { test } from "node:test";

import { find, holdsInText, KEYS, parse } from "../../static/signal_panel/js/filter.js";
import { spansOf } from "./samples.js";

const MS = 1e6;
// send ( call call ) send ( call ( send ) ) send
const SPANS = spansOf(
    [
        [0, 100 * MS, -1, true],
        [10 * MS, 20 * MS, 0, false],
        [40 * MS, 2 * MS, 0, false],
        [200 * MS, 10 * MS, -1, true],
        [201 * MS, 8 * MS, 3, false],
        [202 * MS, 5 * MS, 4, true],
        [300 * MS, 900, -1, true],
    ],
    {
        strings: [
            "shop.signals.order_placed",
            "shop.models.Order",
            "/srv/shop/views.py",
            "checkout",
            "shop.receivers.index_order",
            "django.db.models.signals.post_save",
            "shop.models.Payment",
            "shop.receivers.Charge.card",
            "builtins.ValueError",
            "SELECT 1",
            "C:\\shop\\tasks.py",
        ],
        sends: [
            [0, 1, 1, 2, 92, 3],
            [5, 6, 0, 10, 7, 3],
        ],
        receivers: [
            [4, 2, 41, 1],
            [7, 2, 60, 0],
        ],
        kind: [0, -1, -2, 1, -2, 0, 1],
        exceptions: [[2, 8]],
        statements: [[9, 3]],
        queries: [
            [11 * MS, MS, MS],
            [5, 5, 5],
            [1, 1, -1],
            [0, 0, 0],
            [0, 1, 0],
        ],
    },
);

const found = (query) => [...find(SPANS, parse(query).terms).indices];
const problem = (query) => parse(query).problems.map(({ name }) => name);

test("plain words are looked for in names, senders and files", () => {
    assert.deepEqual(found("order_placed"), [0, 5]);
    assert.deepEqual(found("index"), [1]);
    assert.deepEqual(found("models.Order"), [0, 5]);
    assert.deepEqual(found("views.py:41"), [1]);
    assert.deepEqual(found("order_placedshop"), []);
});

test("all terms must hold, whatever their case", () => {
    assert.deepEqual(found("SHOP Placed"), [0, 5]);
    assert.deepEqual(found("order_placed card"), []);
    assert.deepEqual(found("receiver:CARD Signal:post_save"), [4]);
});

test("what is said of a send holds for the calls it made", () => {
    assert.deepEqual(found("signal:post_save"), [3, 4, 6]);
    assert.deepEqual(found("sender:Payment"), [3, 4, 6]);
    assert.deepEqual(found("site:shop/views.py:92"), [0, 1, 2, 5]);
    assert.deepEqual(found("receiver:card sender:order"), [2]);
});

test("a package's line between finds what was sent through it", () => {
    const spans = spansOf(
        [
            [0, 1, -1, true],
            [2, 1, -1, true],
        ],
        {
            strings: [
                "a.signal",
                "/srv/views.py",
                "view",
                "/lib/site-packages/pkg/models.py",
                "save",
            ],
            sends: [
                [0, -1, 0, 1, 9, 2, -1, 0, -1],
                [0, -1, 0, 1, 9, 2, 3, 41, 4],
            ],
            kind: [0, 1],
        },
    );
    assert.deepEqual([...find(spans, parse("site:views.py:9").terms).indices], [0, 1]);
    assert.deepEqual([...find(spans, parse("site:pkg/models.py:41").terms).indices], [1]);
    const place = "/lib/site-packages/pkg/models.py:41";
    assert.deepEqual([...find(spans, parse(place).terms).indices], [1]);
});

test("a key alone finds what has any", () => {
    assert.deepEqual(found("receiver:"), [1, 2, 4]);
    assert.deepEqual(found("raised:"), [2]);
});

test("Windows' paths are found by either slash", () => {
    assert.deepEqual(found("site:shop/tasks.py"), [3, 4, 6]);
    assert.deepEqual(found("site:shop\\tasks.py:7"), [3, 4, 6]);
    assert.deepEqual(found("shop\\tasks.py:7"), [3, 6]);
    assert.deepEqual(found("shop\\views.py:60"), [2, 4]);
});

test("a place is found as it is copied", () => {
    assert.deepEqual(found("/srv/shop/views.py:41"), [1]);
    assert.deepEqual(found("C:\\shop\\tasks.py:7"), [3, 6]);
    assert.deepEqual(found("-C:/shop/tasks.py"), [0, 1, 2, 4, 5]);
    assert.deepEqual(found("site:C:\\shop\\tasks.py:7"), [3, 4, 6]);
    assert.deepEqual(problem("c:shop"), ["filter_unknown_key"]);
});

test("a word is not looked for in the folders that all files are in", () => {
    assert.deepEqual(found("srv"), []);
    assert.deepEqual(found("/srv"), [0, 1, 2, 4, 5]);
});

test("durations compare in any unit", () => {
    assert.deepEqual(found("duration:>10ms"), [0, 1]);
    assert.deepEqual(found("duration:>=10ms"), [0, 1, 3]);
    assert.deepEqual(found("duration:<1us"), [6]);
    assert.deepEqual(found("duration:<1µs"), [6]);
    assert.deepEqual(found("duration:<1μs"), [6]);
    assert.deepEqual(found("duration:<=900ns"), [6]);
    assert.deepEqual(found("duration:>.05s"), [0]);
    assert.deepEqual(found("self:>70ms"), [0]);
    assert.deepEqual(found("self:<2.5ms duration:>6ms"), [3]);
});

test("queries are counted for the innermost span", () => {
    assert.deepEqual(found("sql:>0"), [1]);
    assert.deepEqual(found("sql:2"), [1]);
    assert.deepEqual(found("sql:0 receiver:"), [2, 4]);
});

test("exceptions are found by their type", () => {
    assert.deepEqual(found("raised:valueerror"), [2]);
    assert.deepEqual(found("raised:KeyError"), []);
});

test("async receivers and sends nobody heard are found", () => {
    assert.deepEqual(found("is:async"), [1]);
    assert.deepEqual(found("is:unheard"), [5, 6]);
});

test("a minus turns a term round", () => {
    assert.deepEqual(found("-shop"), []);
    assert.deepEqual(found("-signal:order_placed"), [3, 4, 6]);
    assert.deepEqual(found("receiver: -is:async"), [2, 4]);
    assert.deepEqual(found("-raised: receiver:card"), [4]);
});

test("no terms are no filter, a minus alone is none yet", () => {
    assert.equal(find(SPANS, parse("  ").terms), null);
    assert.equal(find(SPANS, parse("-").terms), null);
});

test("flags agree with the indices", () => {
    assert.deepEqual([...find(SPANS, parse("index").terms).flags], [0, 1, 0, 0, 0, 0, 0]);
});

test("terms that make no sense are told, and the others hold", () => {
    const { terms, problems } = parse("colour:red card");
    assert.deepEqual(problems, [
        { name: "filter_unknown_key", values: { key: "colour", value: "red" } },
    ]);
    assert.deepEqual(
        terms.map(({ text }) => text),
        ["card"],
    );
    assert.deepEqual(problem("constructor:x"), ["filter_unknown_key"]);
    for (const wrong of ["duration:", "duration:5ms", "self:>5", "self:>5m", "duration:>ms"]) {
        assert.deepEqual(problem(wrong), ["filter_duration"], wrong);
    }
    for (const wrong of ["sql:", "sql:>5ms", "sql:many", "sql:-1"]) {
        assert.deepEqual(problem(wrong), ["filter_count"], wrong);
    }
    assert.deepEqual(problem("is:slow"), ["filter_state"]);
    assert.deepEqual(problem("duration:>constructor"), ["filter_duration"]);
});

test("of keys that say so, nothing is told", () => {
    assert.deepEqual(
        problem("receiver:a signal: -sender:b site:c raised: is:async sql:1 self:>1s"),
        [],
    );
    assert.equal(KEYS.length, 9);
});

test("rows without spans are held to what their text can tell", () => {
    const text = "index_order  shop.models.Order  shop\\receivers.py:41";
    const holds = (query) =>
        holdsInText(parse(query).terms, text, "C:\\srv\\Shop\\receivers.py:41");
    assert.ok(holds("index"));
    assert.ok(holds("receivers.py:41"));
    assert.ok(holds("C:\\srv\\shop\\receivers.py:41"));
    assert.ok(holds("site:shop/receivers.py:41"));
    assert.ok(!holds("srv"));
    assert.ok(!holds("/srv/shop/receivers.py:4 -site:srv/shop"));
    assert.ok(holds("receiver:index sender:order"));
    assert.ok(holds("-payment"));
    assert.ok(!holds("-index"));
    assert.ok(!holds("payment"));
    assert.ok(!holds("duration:>1ns"));
    assert.ok(!holds("raised:"));
});

test("texts are looked at once a kind, however many spans there are", () => {
    const count = 10_000;
    let looks = 0;
    const kinds = SPANS.kinds.map((kind) => ({
        ...kind,
        get name() {
            looks++;
            return kind.name;
        },
    }));
    const spans = {
        ...SPANS,
        count,
        kinds,
        kind: Int32Array.from({ length: count }, (_, i) => (i % 2 ? 3 : 1)),
        start: new Float64Array(count),
        end: Float64Array.from({ length: count }, (_, i) => (i % 20) * MS),
        parent: Int32Array.from({ length: count }, (_, i) => i - 1),
        queryCounts: new Int32Array(count).fill(1),
    };
    const { terms } = parse(
        "card receiver:card signal:post_save sender:Payment duration:>5ms sql:>0",
    );
    assert.equal(find(spans, terms).indices.length, 3_500);
    assert.ok(looks <= 3 * kinds.length);
});
