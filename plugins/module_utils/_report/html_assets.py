# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame, the scripts and the style of the HTML report: all that a page needs stands in the page."""

from __future__ import annotations

GENERATOR = "dxops.dam_staging report"

# Marks the line that holds the summary as JSON, from which it is read again.
SUMMARY_LINE = '<script type="application/json" id="summary">'

# Stands before the digest of what the page says.
FINDINGS = '<meta name="findings" content="'

# On every page: how long ago the times on it are, when somebody looks.
AGES = """
"use strict";
(() => {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];

  function words(seconds) {
    for (const [name, size] of units) {
      const number = Math.floor(seconds / size);
      if (number >= 1) {
        return "(" + number.toLocaleString("en") + " " + name + (number === 1 ? "" : "s") + " ago)";
      }
    }
    // This clock and the server's need not agree: a time that is still to come is not commented on.
    return seconds > -60 ? "(just now)" : "";
  }

  function update() {
    for (const time of document.querySelectorAll("time")) {
      time.nextElementSibling.textContent = words((Date.now() - Date.parse(time.dateTime)) / 1000);
    }
  }

  update();
  setInterval(update, 30000);
})();
"""

# On a page with rows: their table.
SCRIPT = """
"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const data = JSON.parse(element("data").textContent);
  const step = 200, printed = 500;
  const body = element("body"), found = element("found"), more = element("more"), search = element("search");
  const headers = Array.from(document.querySelectorAll(".rows thead th"));
  const collator = new Intl.Collator("en", {numeric: true, sensitivity: "base"});
  const known = new Set(["CREATE", "UPDATE", "DELETE"]);
  const format = (number) => number.toLocaleString("en");
  const all = data.rows.map((cells) => ({cells, text: cells.join("\\n").toLowerCase()}));
  let chosen = all, drawn = 0, column = -1, direction = 1;

  function draw(upTo) {
    const part = document.createDocumentFragment();
    const end = Math.min(upTo, chosen.length);
    for (; drawn < end; drawn += 1) {
      const line = document.createElement("tr");
      for (let index = 0; index < headers.length; index += 1) {
        const cell = document.createElement("td");
        const text = index < chosen[drawn].cells.length ? chosen[drawn].cells[index] : "";
        cell.textContent = text;
        if (index === data.action && known.has(text.toUpperCase())) {
          cell.className = text.toLowerCase();
        }
        line.append(cell);
      }
      part.append(line);
    }
    body.append(part);
    more.hidden = drawn >= chosen.length;
    const matching = chosen.length === all.length ? "" : " that match, out of " + format(all.length);
    found.textContent = format(drawn) + " of " + format(chosen.length) + " rows shown" + matching + ".";
  }

  function update() {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    chosen = words.length ? all.filter((row) => words.every((word) => row.text.includes(word))) : all.slice();
    if (column >= 0) {
      const of = (row) => row.cells[column] || "";
      chosen.sort((one, other) => direction * collator.compare(of(one), of(other)));
    }
    body.replaceChildren();
    drawn = 0;
    draw(step);
  }

  function sort(index) {
    direction = column === index ? -direction : 1;
    column = index;
    headers.forEach((header, position) => {
      if (position === index) {
        header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      } else {
        header.removeAttribute("aria-sort");
      }
    });
    update();
  }

  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(update, 120);
  });
  headers.forEach((header, index) => {
    header.querySelector("button").addEventListener("click", () => sort(index));
  });
  more.addEventListener("click", () => {
    const before = drawn;
    draw(drawn + step);
    const first = body.rows[before];
    if (more.hidden && first) {
      first.tabIndex = -1;
      first.focus();
    }
  });
  window.addEventListener("beforeprint", () => draw(Math.max(drawn, printed)));
  update();
})();
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="{generator}">
<meta name="findings" content="{findings}">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
{summary_line}{summary}</script>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#mismatches">Skip to the mismatches</a>
<header>
<div class="verdict {state}">
<h1><span class="mark" aria-hidden="true">{mark}</span> {headline}</h1>
<p>{explanation}</p>
</div>
<dl class="{deletes}">{facts}</dl>
</header>
<main>
{matrices}
{table}
</main>
<footer>Staging mismatches of HCL Digital Experience DAM. The publisher is always the truth: a resync creates what the
subscriber lacks, updates what differs, and deletes what only the subscriber has.</footer>
<script>{ages}</script>
"""

TABLE = """<section id="mismatches" aria-labelledby="mismatches-heading" tabindex="-1">
<h2 id="mismatches-heading">Mismatches</h2>
{note}
<noscript><p>The table needs JavaScript, which is switched off here.</p></noscript>
<div class="tools">
<div><label for="search">Search (all words must occur in a row)</label>
<input id="search" type="search" autocomplete="off" spellcheck="false"></div>
<p id="found" role="status"></p>
</div>
<div class="scroll" role="region" aria-labelledby="mismatches-heading" tabindex="0">
<table class="rows"><thead><tr>{headers}</tr></thead><tbody id="body"></tbody></table>
</div>
<p><button type="button" class="more" id="more" hidden>Show more rows</button></p>
</section>"""

# Every pair of a colour and the ground that it stands on has a contrast of at least 4.5 to 1.
STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f5f7f9; --text: #1b1f24; --muted: #57606a; --line: #c9d1d9; --link: #0550ae;
  --good: #0f5a26; --good-ground: #dcf7e3; --bad: #a0111f; --bad-ground: #ffe9e7;
  --open: #704600; --open-ground: #fff2d3;
  --create: #0550ae; --update: #6639ba; --delete: #a0111f; --unknown: #57606a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1419; --raised: #1a2028; --text: #e6edf3; --muted: #a3adb8; --line: #39424d; --link: #79b8ff;
    --good: #86e5a5; --good-ground: #10301c; --bad: #ffa69e; --bad-ground: #42151a;
    --open: #f2cc60; --open-ground: #33270a;
    --create: #79b8ff; --update: #cfaaff; --delete: #ffa69e; --unknown: #a3adb8;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 90rem; padding: 1rem clamp(0.75rem, 3vw, 2.5rem) 3rem;
  background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", "DejaVu Sans", sans-serif;
}
a { color: var(--link); }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--ground); padding: 0.5rem; }
.verdict { border-radius: 0.6rem; border-left: 0.6rem solid; padding: 1rem 1.25rem; }
.verdict h1 { font-size: clamp(1.4rem, 4vw, 2rem); line-height: 1.2; margin: 0; }
.verdict p { margin: 0.4rem 0 0; max-width: 60rem; }
.verdict .mark { margin-right: 0.2em; }
.in-sync { background: var(--good-ground); color: var(--good); border-color: var(--good); }
.drift { background: var(--bad-ground); color: var(--bad); border-color: var(--bad); }
.not-proven { background: var(--open-ground); color: var(--open); border-color: var(--open); }
dl {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 0.75rem 1.5rem;
  margin: 1.25rem 0;
}
dt { color: var(--muted); font-size: 0.875rem; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.ago { color: var(--muted); font-weight: 400; white-space: nowrap; }
dl.deletes div:last-child dd { color: var(--delete); }
.matrices { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1.5rem 2.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); }
.matrix th, .matrix td { font-variant-numeric: tabular-nums; }
.matrix td, .matrix thead th + th { text-align: right; width: 17%; }
.matrix th { overflow-wrap: anywhere; font-weight: 600; }
.matrix tfoot th, .matrix tfoot td { border-top: 2px solid var(--line); border-bottom: 0; font-weight: 700; }
.bar { display: block; width: 100%; height: 0.3rem; margin-top: 0.2rem; }
.zero { color: var(--muted); }
.matrix tbody .zero { padding-bottom: 0.85rem; } /* where others have their bar: two tables side by side keep in line */
.create { color: var(--create); } .update { color: var(--update); }
.delete { color: var(--delete); font-weight: 700; } .unknown { color: var(--unknown); }
.bar rect { fill: currentColor; }
.tools { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: end; margin: 0.5rem 0; }
.tools label { display: block; font-size: 0.875rem; color: var(--muted); }
input, button.more {
  font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: 0.4rem;
  padding: 0.45rem 0.75rem; min-height: 2.75rem;
}
input { width: min(28rem, 86vw); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 0.4rem; }
.rows { font-size: 0.875rem; }
.rows thead th { background: var(--raised); padding: 0; white-space: nowrap; }
.rows thead button {
  font: inherit; font-weight: 600; color: inherit; background: none; border: 0; cursor: pointer; width: 100%;
  text-align: left; padding: 0.35rem 0.6rem; min-height: 2.75rem;
}
.rows thead button:focus-visible { outline-offset: -3px; }
.rows thead button::after { content: "\\2195"; padding-left: 0.4em; color: var(--muted); }
.rows th[aria-sort="ascending"] button::after { content: "\\2191"; color: inherit; }
.rows th[aria-sort="descending"] button::after { content: "\\2193"; color: inherit; }
.rows td { overflow-wrap: anywhere; min-width: 9rem; max-width: 28rem; unicode-bidi: isolate; }
.rows tbody tr:nth-child(even) { background: var(--raised); }
footer { color: var(--muted); font-size: 0.875rem; margin-top: 2.5rem; }
@media (max-width: 40rem) {
  .matrix { font-size: 0.8125rem; }
  .matrix th, .matrix td { padding: 0.3rem 0.25rem; }
}
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --raised: #ffffff; --text: #000000; --muted: #444444; --line: #999999; --link: #000000;
    --good: #0f5a26; --good-ground: #ffffff; --bad: #a0111f; --bad-ground: #ffffff;
    --open: #704600; --open-ground: #ffffff;
    --create: #0550ae; --update: #6639ba; --delete: #a0111f; --unknown: #444444;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .verdict { border: 2px solid; border-left-width: 0.6rem; }
  .skip, .tools div, .more, .ago { display: none; }
  .scroll { overflow: visible; border: 0; }
  .rows { font-size: 7pt; line-height: 1.3; }
  .rows td { min-width: 0; padding: 0.15rem 0.3rem; }
  .rows thead th { white-space: normal; overflow-wrap: anywhere; }
  .rows thead button { min-height: 0; padding: 0.15rem 0.3rem; }
  .rows thead button::after { content: none; }
  .matrices { grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem 1.5rem; }
  .matrix { font-size: 8pt; }
  .matrix th, .matrix td { padding: 0.2rem; }
  .matrix tbody .zero { padding-bottom: 0.7rem; }
  h2, h3 { break-after: avoid; }
  tr, .verdict, .matrix, .matrices > div { break-inside: avoid; }
  thead { display: table-header-group; }
  .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
