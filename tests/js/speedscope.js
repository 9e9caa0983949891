/**
 * Reads profiles from standard input, one a line, as speedscope itself does, and prints what it understood.
 *
 * Its package holds the web application in one file, which knows no exports and starts at once. Here it gets
 * one more line, by which its importer can be reached, and stops where it would need a page.
 */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";

const release = fileURLToPath(
    new URL("../../node_modules/speedscope/dist/release/", import.meta.url),
);
const file = readdirSync(release).find((name) => /^speedscope-\w+\.js$/.test(name));
const source = readFileSync(release + file, "utf8");
const [, importer] = source.match(
    /=Promise\.resolve\(\)\.then\(\(\)=>(\(\w+\(\),\w+\))\);\w+\.then\(\(\)=>\{\}\)/,
);
try {
    runInThisContext(source.replace("(()=>{", `(()=>{globalThis.importer=()=>${importer};`));
} catch (error) {
    if (!/(window|document) is not defined/.test(error.message)) {
        throw error;
    }
}

console.log = console.error; // By which it tells the format that it found.
const { importProfileGroupFromText } = globalThis.importer();
for (const text of readFileSync(0, "utf8").trimEnd().split("\n")) {
    const group = await importProfileGroupFromText("profile.speedscope.json", text);
    console.info(JSON.stringify(group.profiles.map(understood)));
}

function understood(profile) {
    const calls = [];
    const note = (type) => (node, value) => {
        const { name, file = null, line = null } = node.frame;
        calls.push([type, name, file, line, value]);
    };
    profile.forEachCall(note("open"), note("close"));
    return {
        name: profile.getName(),
        unit: profile.getWeightUnit(),
        total: profile.getTotalWeight(),
        calls,
    };
}
