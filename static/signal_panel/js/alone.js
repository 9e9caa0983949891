/** A table on a page of its own: it is sorted, and its places are copied, as in the panel. */

import { copyPlaces } from "./editor.js";
import { Sheet } from "./sheet.js";

const section = document.querySelector(".djsp-sheet");
const messages = JSON.parse(section.dataset.djspMessages);

new Sheet(section.dataset.djspSheet, section, messages, new Map());
copyPlaces(section, messages);
