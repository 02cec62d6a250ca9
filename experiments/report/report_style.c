/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_style.c -- how the report looks: on a phone, on a desk, in the dark, and on paper.
 */
#include <config.h>

#include "experiments/report/report.h"

const char *const report_style[] = {
	":root{color-scheme:light dark;--page:#f6f7f9;--paper:#fff;--ink:#1d2026;--soft:#5b6270;--line:#e2e5ea;"
	"--tint:#f1f3f6;--link:#0b5cad;--good:#006b4f;--good-tint:#e0f3ec;--bad:#a33b00;--bad-tint:#fbe9de;"
	"--same:#0b5cad;--same-tint:#e2eefa;--open:#5b6270;--open-tint:#eceef2;--warn:#7a5600;--warn-tint:#fdf3d8}\n",
	"@media screen and (prefers-color-scheme:dark){:root{--page:#111318;--paper:#191c22;--ink:#e6e8ec;--soft:#a2a9b6;"
	"--line:#2c313a;--tint:#20242c;--link:#82b7f2;--good:#6fd3ae;--good-tint:#14352b;--bad:#f4a57c;--bad-tint:#3f2317;"
	"--same:#82b7f2;--same-tint:#172f49;--open:#a2a9b6;--open-tint:#272c35;--warn:#ecc668;--warn-tint:#372c10}}\n",
	"*{box-sizing:border-box}\n",
	"html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}\n",
	"body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,\"Segoe UI\",Roboto,"
	"\"Noto Sans\",\"DejaVu Sans\",sans-serif}\n",
	"header,main,footer{max-width:72rem;margin:0 auto;padding:0 1.25rem}\n",
	"header{padding-top:2.5rem}\n",
	".kicker{margin:0;color:var(--soft);font-size:.85rem;letter-spacing:.04em;text-transform:uppercase}\n",
	".kicker span{color:var(--link);font-weight:600;text-transform:none;letter-spacing:0;margin-left:.4em}\n",
	"h1{margin:.3rem 0 1.4rem;font-size:clamp(1.45rem,1.1rem + 1.8vw,2.3rem);line-height:1.22;letter-spacing:-.015em;"
	"font-weight:700;max-width:34em;text-wrap:balance;overflow-wrap:anywhere}\n",
	"h2{margin:3rem 0 .8rem;font-size:1.4rem;line-height:1.3;letter-spacing:-.01em}\n",
	"h3{margin:2rem 0 .6rem;font-size:1.02rem}\n",
	"a{color:var(--link)}\n",
	".answer{list-style:none;margin:0;padding:1rem 1.25rem;background:var(--paper);border:1px solid var(--line);"
	"border-left:4px solid var(--link);border-radius:10px;max-width:58rem}\n",
	".answer li{font-size:1.06rem;line-height:1.5;overflow-wrap:anywhere}.answer li+li{margin-top:.5rem}\n",
	".answer .aside{color:var(--soft);font-size:.93rem}\n",
	".facts{margin:.8rem 0 0;color:var(--soft);font-size:.9rem}\n",
	".cautions{list-style:none;margin:.75rem 0 0;padding:.6rem 1rem;background:var(--warn-tint);border-radius:10px;"
	"font-size:.92rem}\n",
	".cautions li{margin:.2rem 0;overflow-wrap:anywhere}\n",
	"nav{display:flex;flex-wrap:wrap;gap:.15rem .9rem;margin:1.2rem 0 0;padding:.7rem 0 0;border-top:1px solid "
	"var(--line);"
	"font-size:.92rem}\n",
	"nav a{text-decoration:none;font-weight:600;padding:.25rem 0}\n",
	"nav a:hover{text-decoration:underline}\n",
	"em{font-style:normal;font-weight:600;padding:.08em .45em;border-radius:5px;white-space:nowrap}\n",
	"em.better,em.lower{color:var(--good);background:var(--good-tint)}\n",
	"em.worse,em.higher{color:var(--bad);background:var(--bad-tint)}\n",
	"em.equivalent,em.equal{color:var(--same);background:var(--same-tint)}\n",
	"em.undecided{color:var(--open);background:var(--open-tint)}\n",
	".rule em{padding:0;background:none}\n",
	".rule,.note{color:var(--soft);font-size:.9rem;max-width:62em}\n",
	"p.note{margin:.6rem 0}ul.note{padding-left:1.2rem;margin-top:0}\n",
	".scroll{overflow-x:auto;border-radius:inherit}\n",
	".scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}\n",
	"main>section>.scroll,details>.scroll{background:var(--paper);border:1px solid var(--line);border-radius:10px}\n",
	"table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\n",
	"th,td{padding:.42rem .8rem;text-align:left;vertical-align:baseline;white-space:nowrap;border-top:1px solid "
	"var(--line)}\n",
	"tr:first-child>*{border-top:0}tbody tr:first-child>*{border-top:1px solid var(--line)}\n",
	"table>tbody:first-child tr:first-child>*{border-top:0}\n",
	"thead th{color:var(--soft);font-weight:600;font-size:.82rem;line-height:1.3;vertical-align:bottom}\n",
	"tbody th{font-weight:600}.n{text-align:right}.c{text-align:center}\n",
	".group th{background:var(--tint);font-size:.86rem}\n",
	"abbr{text-decoration:underline dotted;text-underline-offset:.2em;cursor:help}\n",
	"small{color:var(--soft);font-size:.85em;font-weight:400}\n",
	"figure{margin:0 0 1.5rem;background:var(--paper);border:1px solid "
	"var(--line);border-radius:12px;scroll-margin-top:1rem}\n",
	"main>figure{margin-top:1.2rem}figure .scroll{padding:.8rem .8rem 0}\n",
	"figcaption{padding:.7rem 1.2rem 1rem;color:var(--soft);font-size:.93rem;max-width:60em}\n",
	".key{display:none;flex-wrap:wrap;gap:.1rem .9rem;margin-bottom:.4rem;color:var(--ink)}\n",
	".chart{display:block;max-width:100%;height:auto}\n",
	".paper{border-radius:6px;color:#000}\n",
	".chart text,.chart tspan{font-family:\"DejaVu Sans\",Verdana,\"Bitstream Vera Sans\",sans-serif}\n",
	".or{color:var(--soft)}\n",
	".settings th{width:11rem}.settings td{white-space:normal;overflow-wrap:anywhere;min-width:12rem}\n",
	"details{margin-top:.8rem}summary{cursor:pointer;color:var(--link);font-size:.93rem;padding:.3rem 0}\n",
	"code{font-family:ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;font-size:.88em}\n",
	"pre{margin:0 0 .9rem;padding:.9rem 1.1rem;background:var(--tint);border:1px solid var(--line);border-radius:10px;"
	"overflow-x:auto;line-height:1.7}\n",
	".runs{font-size:.84rem}.runs td{padding-top:.25rem;padding-bottom:.25rem}\n",
	".runs tbody th{white-space:normal;overflow-wrap:anywhere;background:var(--tint);padding-top:.55rem}\n",
	".runs small code{font-size:.95em}\n",
	"#provenance .scroll+.scroll{margin-top:.9rem}\n",
	"footer{padding-top:2rem;padding-bottom:3rem;color:var(--soft);font-size:.85rem}\n",
	"@media (max-width:44rem){header,main,footer{padding-left:1rem;padding-right:1rem}header{padding-top:1.5rem}\n",
	".answer{padding:.8rem .9rem}.answer li{font-size:1rem}.answer .aside{font-size:.9rem}\n",
	".key{display:flex}.chart{max-width:52rem}th,td{padding:.4rem .6rem}}\n",
	"@media "
	"print{:root{--page:#fff}body{font-size:10pt}header,main,footer{max-width:none;padding:0}nav{display:none}\n",
	"figure,tr,.answer li{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}\n",
	"table{font-size:8pt}th,td{white-space:normal;padding:.25rem .4rem}.runs{font-size:7pt}\n",
	".runs code{overflow-wrap:anywhere}\n",
	"details::details-content{content-visibility:visible;block-size:auto}}\n",
	NULL,
};
