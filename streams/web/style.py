"""The view's stylesheet.

Invariant: nothing is loaded from another site. Text has a contrast of at least 4.5:1 on its
background in light and dark mode. Colour only repeats what a word says too.
"""

STYLE = """
:root{color-scheme:light dark;--bg:#f6f6f3;--fg:#1b1d1f;--dim:#5b6067;--line:#dcdcd6;--card:#fff;
--clean:#11693b;--duplicate:#835600;--rejected:#b3261e;--bar:#3b6ea5}
@media(prefers-color-scheme:dark){:root{--bg:#131517;--fg:#e6e6e3;--dim:#a3a9af;--line:#32363a;
--card:#1b1e21;--clean:#5bd08f;--duplicate:#e3b341;--rejected:#ff8a80;--bar:#7fb2e5}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.2rem;background:var(--bg);color:var(--fg);
font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.35rem;margin:0}
h2{font-size:1.05rem;margin:1.8rem 0 .5rem}
a{color:inherit}
.dim{color:var(--dim)}
.clean{color:var(--clean)}.duplicate{color:var(--duplicate)}.rejected{color:var(--rejected)}
header{display:flex;gap:.2rem 1rem;align-items:baseline;flex-wrap:wrap}
nav{margin-left:auto;display:flex;gap:1rem}
.since{margin:.3rem 0 0}
.stale{border:2px solid var(--rejected);border-radius:.5rem;padding:.5rem 1rem;margin:1rem 0 0}
.cards{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));
margin-top:1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem}
.card h2{margin:0;font-size:1rem}
.card b{display:block;font-size:2rem;line-height:1.2;font-variant-numeric:tabular-nums}
.card dl{display:grid;grid-template-columns:1fr auto;gap:.1rem .8rem;margin:.5rem 0 0;
padding-top:.4rem;border-top:1px solid var(--line)}
.card dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;height:3.6rem;display:block;margin-top:.5rem;border-bottom:1px solid var(--line)}
rect{fill:var(--bar)}
.axis{display:flex;justify-content:space-between}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .8rem;border-bottom:1px solid var(--line);vertical-align:top}
tbody tr:last-child>*{border-bottom:0}
thead th{font-weight:600;color:var(--dim);white-space:nowrap}
tbody th{font-weight:400}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
time{font-variant-numeric:tabular-nums;white-space:nowrap}
.page{overflow-wrap:anywhere;min-width:14rem}
.page span{display:block;font-size:.9em}
@media(max-width:40rem){body{padding:.8rem}th,td{padding:.35rem .5rem}.lag .topic{display:none}}
"""
