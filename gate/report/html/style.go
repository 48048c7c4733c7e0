package html

// style is the page's style sheet. Some viewers block style sheets and the page must be complete without one, so it only
// sets fonts, widths, rules and the order of boxes. Canvas and CanvasText are the page's own colours, light or dark.
const style = `:root{color-scheme:light dark;--line:color-mix(in srgb,CanvasText 18%,Canvas);--quiet:color-mix(in srgb,CanvasText 72%,Canvas);--tint:color-mix(in srgb,CanvasText 5%,Canvas)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:84rem;padding:1rem clamp(.8rem,3vw,2.5rem) 4rem;background:Canvas;color:CanvasText;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
h1{font-size:clamp(1.3rem,1rem + 1.6vw,2rem);line-height:1.25;margin:.4rem 0 .6rem}
h2{font-size:1.3rem;margin:2.6rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:1.6rem 0 .3rem}
p,ul{margin:.5rem 0;max-width:60rem}
ul{padding-left:1.3rem}
li{margin:.2rem 0}
a{color:LinkText}
code,.name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em}
code{background:var(--tint);padding:.05em .3em;border-radius:4px}
.about,figcaption,.note,.cut,caption{color:var(--quiet);font-size:.9rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;padding:0;max-width:none}
.verdict{border-left:6px solid var(--line);padding:.1rem 0 .1rem 1rem;margin:.8rem 0}
.verdict.fail{border-color:#d64545}.verdict.pass{border-color:#23915a}.verdict.inconclusive,.verdict.error{border-color:#cf6a0a}
.scroll{overflow-x:auto;margin:.6rem 0;max-width:100%}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid LinkText;outline-offset:2px}
table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.2rem 0}.scroll caption{padding-right:max(0px,100% - 88vw)}
th,td{padding:.28rem .65rem .28rem 0;border-bottom:1px solid var(--line);vertical-align:top;font-weight:400;overflow-wrap:normal}
th{text-align:left}
td[align=right],th[align=right]{text-align:right;white-space:nowrap}
thead th{color:var(--quiet);white-space:nowrap;border-bottom:2px solid var(--line);font-weight:600}
tbody th:not([align]){min-width:7.5rem;max-width:26rem;overflow-wrap:anywhere}
tfoot th,tfoot td{border-top:2px solid var(--line);font-weight:600}
.rows td:nth-child(7){min-width:10rem}
@media screen and (max-width:62rem){.rows td:nth-child(8),.rows th:nth-child(8){display:none}}
@media screen and (max-width:30rem){.rows :is(td,th):is(:nth-child(3),:nth-child(4)){display:none}.rows td:nth-child(5){white-space:normal}.rows tbody th:not([align]){min-width:6rem}.rows td:nth-child(7){min-width:4rem}}
.facts{font-size:.95rem}.facts th{min-width:11rem;color:var(--quiet)}.facts td{padding-right:0;overflow-wrap:anywhere}
figure{margin:.5rem 0 1.1rem;min-width:0}
figcaption{margin:0 0 .1rem;display:flex;flex-wrap:wrap;gap:0 1rem}
figcaption strong{color:CanvasText}
td svg{vertical-align:middle}
.pair>table{align-self:start}
figure svg{display:block;overflow:visible}
figcaption svg,.keys svg{display:inline;vertical-align:middle;margin-right:.35rem}
.keys{display:flex;flex-wrap:wrap;gap:0 1.2rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 2rem}
.lanes figure{margin:.3rem 0 .5rem}
details{margin:.4rem 0}summary{cursor:pointer;color:var(--quiet);font-size:.9rem}
footer{margin-top:3rem;padding-top:.6rem;border-top:1px solid var(--line)}
@media (max-width:520px){body{font-size:15px}th,td{padding-right:.55rem}.facts th{min-width:7.5rem}}
@media print{body{max-width:none;padding:0;font-size:10.5pt}nav{display:none}.scroll{overflow:visible}figure,tr,.verdict{break-inside:avoid}h2,h3,figcaption{break-after:avoid}table{font-size:8.5pt}}
`
