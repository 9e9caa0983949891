import assert from "node:assert/strict";
import { test } from "node:test";

import { editorUrl } from "../../static/signal_panel/js/editor.js";

const VSCODE = ["vscode://file{path}:{line}", []];
const PYCHARM = ["pycharm://open?file={path}&line={line}", []];

test("a place becomes an address of the editor", () => {
    assert.equal(editorUrl(VSCODE, "/srv/shop/views.py", 88), "vscode://file/srv/shop/views.py:88");
    assert.equal(
        editorUrl(PYCHARM, "/srv/shop/views.py", 88),
        "pycharm://open?file=/srv/shop/views.py&line=88",
    );
});

test("what means something else in an address is encoded", () => {
    assert.equal(
        editorUrl(PYCHARM, "/srv/my shop/a&b?c#d%41ü.py", 1),
        "pycharm://open?file=/srv/my%20shop/a%26b%3Fc%23d%2541%C3%BC.py&line=1",
    );
    assert.equal(editorUrl(VSCODE, "/srv/{line}.py", 3), "vscode://file/srv/%7Bline%7D.py:3");
});

test("Windows' paths get slashes, and one in front where the address wants it", () => {
    assert.equal(editorUrl(VSCODE, "C:\\shop\\views.py", 2), "vscode://file/C:/shop/views.py:2");
    assert.equal(
        editorUrl(PYCHARM, "C:\\shop\\views.py", 2),
        "pycharm://open?file=C:/shop/views.py&line=2",
    );
});

test("a container's folders become those of the editor's computer", () => {
    const editor = [
        VSCODE[0],
        [
            ["/app/shop", "/home/ada/shop"],
            ["/app", "/home/ada"],
        ],
    ];
    assert.equal(editorUrl(editor, "/app/shop/a.py", 1), "vscode://file/home/ada/shop/a.py:1");
    assert.equal(editorUrl(editor, "/app/b.py", 1), "vscode://file/home/ada/b.py:1");
    assert.equal(editorUrl(editor, "/application/b.py", 1), "vscode://file/application/b.py:1");
});

test("what is no file, or without an editor, has none", () => {
    assert.equal(editorUrl(VSCODE, "<frozen importlib>", 1), null);
    assert.equal(editorUrl(VSCODE, "/srv/\ud800.py", 1), null);
    assert.equal(editorUrl(null, "/srv/a.py", 1), null);
});
