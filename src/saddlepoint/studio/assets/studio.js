// Which page it is.

import { comparison } from "/assets/compare.js";
import { run } from "/assets/run.js";
import { runs } from "/assets/runs.js";

const main = document.getElementById("main");
const [, page, id] = location.pathname.split("/");
if (page === "run") run(main, id);
else if (page === "compare") comparison(main);
else runs(main);
