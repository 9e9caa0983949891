/**
 * All that draws, in one place: the browser asks for what a module imports once it has read the module,
 * hence for all of these at once, and not for one level after the other.
 */

import "./chart.js";
import "./describe.js";
import "./drawing.js";
import "./editor.js";
import "./elements.js";
import "./fetching.js";
import "./filter.js";
import "./filterbox.js";
import "./format.js";
import "./gestures.js";
import "./highlight.js";
import "./layout.js";
import "./matches.js";
import "./queries.js";
import "./rows.js";
import "./sheet.js";
import "./source.js";
import "./statements.js";
import "./table.js";
import "./theme.js";
import "./viewport.js";

export { addFindings } from "./findings.js";
export { decode } from "./spans.js";
export { Tabs } from "./tabs.js";
export { Timeline } from "./timeline.js";
