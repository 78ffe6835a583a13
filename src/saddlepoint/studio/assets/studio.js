// Which page it is.

import { comparison } from "/assets/compare.js";
import { race } from "/assets/race.js";
import { run } from "/assets/run.js";
import { runs } from "/assets/runs.js";
import { start } from "/assets/start.js";

const main = document.getElementById("main");
const [, page, id] = location.pathname.split("/");
if (page === "run") run(main, id);
else if (page === "race") race(main, id);
else if (page === "compare") comparison(main);
else if (page === "start") start(main);
else runs(main);
