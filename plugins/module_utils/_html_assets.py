# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame and the scripts of the HTML report: all that a page needs stands in the page."""

from __future__ import annotations

GENERATOR = "dxops.dam_staging report"

# Marks the line that holds the summary as JSON, for the day when the page is read again.
SUMMARY_LINE = '<script type="application/json" id="summary">'

# Stands before what says the same whenever the same was found, whatever the time of the comparison.
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
