import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { editorUrl } from "../../static/signal_panel/js/editor.js";

// tests/test_places.py holds the server to the same.
const cases = JSON.parse(readFileSync(new URL("../places.json", import.meta.url), "utf8"));

for (const { says, editor, path, line, url } of cases) {
    test(says, () => {
        assert.equal(editorUrl(editor, path, line), url);
    });
}
