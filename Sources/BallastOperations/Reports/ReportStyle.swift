/// How reports look.
///
/// Plain typography, one accent for grids, eight colours that differ for the colour-blind too.
let reportStyle = """
  :root {
    color-scheme: light dark;
    --paper: #ffffff; --ink: #1c2430; --soft: #5b6675; --rule: #e3e7ec; --heat: #0b5cad;
    --series-1: #0b6bcb; --series-2: #d9622b; --series-3: #2a9d72; --series-4: #9a4fb5;
    --series-5: #c49a00; --series-6: #c2336b; --series-7: #4a90a4; --series-8: #6b7280;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --paper: #12161c; --ink: #e6eaf0; --soft: #9aa5b4; --rule: #2a313b; --heat: #5ea9f5;
      --series-1: #5ea9f5; --series-2: #f0915f; --series-3: #52c79a; --series-4: #c58bdc;
      --series-5: #e3c04b; --series-6: #ea6f9c; --series-7: #7fc1d4; --series-8: #9aa5b4;
    }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
  main { max-width: 860px; margin: 0 auto; padding: 56px 24px 96px; }
  h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 8px; }
  h2 { font-size: 20px; letter-spacing: -0.01em; margin: 56px 0 8px; }
  p { margin: 8px 0; max-width: 68ch; overflow-wrap: anywhere; }
  .lead { color: var(--soft); }
  figure { margin: 24px 0 32px; }
  figcaption { font-weight: 600; font-size: 15px; margin-bottom: 8px; }
  .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 8px; padding: 0; }
  .legend li { color: var(--soft); font-size: 14px; display: flex; align-items: center; gap: 8px; }
  .legend span { width: 12px; height: 12px; border-radius: 3px; display: inline-block; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
  th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap; }
  th { color: var(--soft); font-weight: 500; }
  .number { text-align: right; padding: 6px 0 6px 20px; }
  svg { display: block; width: 100%; height: auto; }
  svg text { font: 12px system-ui, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
  svg .axis { fill: var(--ink); }
  svg .middle { text-anchor: middle; }
  svg .end { text-anchor: end; }
  svg .cell { font-size: 11px; fill: var(--ink); }
  svg .strong { fill: var(--paper); }
  .grid { stroke: var(--rule); }
  .edge { stroke: var(--soft); }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
  .heat { fill: var(--heat); }
  """
