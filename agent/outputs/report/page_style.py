"""The style sheet of the report's page: quiet on the screen, exact on paper; no colour without a word or a shape."""

STYLE = """
:root { --ink: #1c2530; --soft: #5d6873; --line: #d5dbe1; --critical: #b3261e; --warning: #c27800;
  --unknown: #8a94a0; --normal: #86b596; }
* { box-sizing: border-box; margin: 0; }
body { font: 13px/1.5 "Noto Sans", "Segoe UI", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC",
  "Microsoft YaHei", sans-serif; color: var(--ink); background: #fff; max-width: 800px; margin: 0 auto;
  padding: 28px 24px 40px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
header { display: flex; justify-content: space-between; align-items: flex-end; gap: 24px;
  border-bottom: 2px solid var(--ink); padding-bottom: 10px; margin-bottom: 16px; }
h1 { font-size: 22px; font-weight: 600; line-height: 1.3; }
h2 { font-size: 14px; font-weight: 600; margin-bottom: 6px; }
h3 { font-size: 13px; font-weight: 600; margin: 12px 0 4px; }
header p, .note, .none, footer, figcaption, .keys { color: var(--soft); }
header b { color: var(--ink); font-size: 15px; }
.machine { text-align: right; }
section { margin-top: 22px; }
.defs { position: absolute; }
.tiles { display: grid; grid-template-columns: repeat(5, 1fr); border: 1px solid var(--line); border-radius: 4px; }
.tile { padding: 8px 12px; border-left: 1px solid var(--line); font-size: 12px; color: var(--soft); }
.tile:first-child { border-left: 0; }
.tile .number { font-size: 21px; font-weight: 600; line-height: 1.35; color: var(--ink);
  font-variant-numeric: tabular-nums; }
.tile.critical .number { color: var(--critical); }
.tile.warning .number { color: #8f5800; }
table { width: 100%; border-collapse: collapse; font-size: 12px; }
th { text-align: left; font-weight: 500; color: var(--soft); white-space: nowrap; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
td { overflow-wrap: break-word; }
tr { break-inside: avoid; }
.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.mark { white-space: nowrap; font-weight: 600; padding-left: 14px; position: relative; }
.mark::before { content: ""; position: absolute; left: 0; top: .38em; width: 9px; height: 9px; border-radius: 50%;
  background: currentColor; }
.mark.critical { color: var(--critical); }
.mark.critical::before { border-radius: 0; }
.mark.warning { color: #8f5800; }
.mark.warning::before { border-radius: 0; transform: rotate(45deg) scale(.85); }
.mark.unknown { color: var(--soft); }
.mark.unknown::before { background: none; border: 2px solid currentColor; }
.mark.normal { color: #2b7046; }
.keys { font-size: 12px; margin-bottom: 4px; }
.key { display: inline-flex; align-items: center; gap: 5px; margin-right: 16px; }
.key i { width: 12px; height: 9px; }
i.critical, .bar .critical { background: var(--critical); }
i.warning, .bar .warning { background: var(--warning); }
i.unknown, .bar .unknown { background: repeating-linear-gradient(90deg, #8a94a0 0 2px, #d0d6dc 2px 4px); }
i.normal, .bar .normal, i.monitored { background: var(--normal); }
i.gap { background: repeating-linear-gradient(45deg, #b6bec6 0 2px, #f1f3f5 2px 4px); }
.bar { display: flex; width: 150px; height: 10px; margin-top: 4px; background: #eef1f3; }
.bar i { height: 100%; }
figure { margin-top: 8px; break-inside: avoid; }
figcaption { display: flex; justify-content: space-between; font-size: 12px; }
figcaption .key { margin: 0 0 0 16px; }
.plot { display: block; width: 100%; height: auto; }
.plot text { font-size: 9.5px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.plot .grid { stroke: #e6eaee; } .plot .axis { stroke: #9aa4ae; }
.plot .monitored { fill: var(--normal); } .plot .gap { fill: url(#hatch); }
.plot .critical { fill: var(--critical); } .plot .warning { fill: var(--warning); }
.remarks { margin-top: 26px; height: 64px; border: 1px solid var(--line); padding: 5px 8px; color: var(--soft); }
.signatures { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 28px; margin-top: 46px; }
.signatures div { border-top: 1px solid var(--ink); padding-top: 3px; color: var(--soft); }
.remarks, .signatures { break-inside: avoid; }
footer { margin-top: 26px; padding-top: 8px; border-top: 1px solid var(--line); font-size: 11px; break-inside: avoid; }
footer .broken { color: var(--critical); font-weight: 600; }
.hash { font-family: ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
h2 { break-after: avoid; }
@page { size: A4; margin: 14mm 13mm; }
@media print { body { max-width: none; padding: 0; font-size: 11.5px; line-height: 1.4; } table { font-size: 11px; }
  section { margin-top: 14px; } th, td { padding-top: 2px; padding-bottom: 2px; } .tile { font-size: 11px; }
  .remarks { margin-top: 14px; height: 48px; } .signatures { margin-top: 38px; } footer { margin-top: 14px; } }
@media (max-width: 620px) { .tiles { grid-template-columns: 1fr 1fr; } .bar { width: 70px; } }
"""
