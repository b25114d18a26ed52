/** The dress of the page, dark and light. */

export const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1a1f29; --soft: #667085; --line: #e3e6ec;
  --c0: #9aa3b2; --c1: #2563eb; --c2: #d9480f; --c3: #0f8a5f; --c4: #8b3fd1; --behind: #eef1f6; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1218; --card: #171b23; --ink: #e6e9ef; --soft: #98a2b3; --line: #2a303c;
    --c0: #677084; --c1: #6ea0ff; --c2: #ff9457; --c3: #48c796; --c4: #c08bf5; --behind: #202632; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1140px; margin: 0 auto; padding: 36px 24px 64px; }
h1 { margin: 0 0 2px; font-size: 26px; letter-spacing: -0.01em; }
h2 { margin: 44px 0 14px; font-size: 19px; }
h2 small { font-weight: 400; font-size: 14px; color: var(--soft); margin-left: 8px; }
.when { color: var(--soft); margin: 0; }
dl.machine { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 18px 0 0; }
dl.machine div { display: flex; gap: 8px; font-size: 13.5px; }
dt { color: var(--soft); } dd { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 12px; margin-bottom: 12px; }
.tile, figure, .scroll { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 12px 16px; } .tile span { display: block; color: var(--soft); font-size: 13px; }
.tile b { font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.tile.bad b { color: var(--c2); }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 12px; }
figure { margin: 0; display: flex; flex-direction: column; padding: 14px 14px 8px; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; padding: 0 4px 6px; font-size: 14px; }
.keys { display: flex; flex-wrap: wrap; gap: 0 12px; color: var(--soft); font-size: 12.5px; }
.key i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: 4px; }
.key i.dashed { background-image: repeating-linear-gradient(90deg, transparent 0 3px, var(--card) 3px 6px); }
.key i.behind { height: 10px; vertical-align: -1px; background: var(--behind); border: 1px solid var(--line); }
i.c0 { background-color: var(--c0); } i.c1 { background-color: var(--c1); } i.c2 { background-color: var(--c2); }
i.c3 { background-color: var(--c3); } i.c4 { background-color: var(--c4); }
svg { display: block; width: 100%; height: auto;  font: 11.5px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); stroke-width: 1; } .tick { fill: var(--soft); } .value { fill: var(--ink); font-weight: 600; }
path.behind { fill: var(--behind); stroke: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; } .line.dashed { stroke-dasharray: 5 5; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); }
.line.c3 { stroke: var(--c3); } .line.c4 { stroke: var(--c4); }
.dot.c0, .bar.c0 { fill: var(--c0); } .dot.c1, .bar.c1 { fill: var(--c1); } .dot.c2 { fill: var(--c2); }
.scroll { overflow-x: auto; padding: 6px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 11px; text-align: left; white-space: nowrap; } th { color: var(--soft); font-weight: 500; font-size: 12.5px; }
td.n, th.n { text-align: right; } tr.head td { border-top: 1px solid var(--line); font-weight: 600; } td.in { padding-left: 26px; color: var(--soft); }
ul.notes { color: var(--soft); font-size: 13.5px; padding-left: 18px; }
@media print { figure, .tile { break-inside: avoid; } }
`;
