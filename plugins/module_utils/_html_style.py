# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the HTML report looks: on a wide screen and a phone, light, dark and printed."""

from __future__ import annotations

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
