/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explorer_style.c -- how the explorer looks: its colors on white and on black, and its style.
 */
#include <config.h>

#include <inttypes.h>

#include "experiments/report/explorer.h"
#include "experiments/report/ink.h"

/* From no tokens to many, on white and on black. */
static const uint32_t level_color[EXPLORER_LEVELS][2] = {
	{ 0xffffff, 0x191c22 }, { 0xf0f5fa, 0x1f2a38 }, { 0xd8e6f3, 0x24394f }, { 0xb4d0e8, 0x2a4b6c },
	{ 0x86b4da, 0x31618e }, { 0x4f8fc4, 0x5a97d0 }, { 0x0b5cad, 0x9cc8f5 }, { 0x072f5f, 0xe3f1ff },
};

/* Of experts, all so light that black text stands out on them, also from the paper of a dark screen. */
static const uint32_t hue[EXPLORER_HUES] = {
	0xf5a9a0, 0xf8d08a, 0xcfe58e, 0x8fd0f5, 0xd3b6f0, 0xa8e6d2, 0xf7b98c, 0x9be39b,
	0xb3b8f2, 0xf3ee9a, 0xf6b3d9, 0xb5dbe0, 0xd9bf8f, 0xc3c7cd, 0xf2a7c0, 0x86d6b4,
};

uint32_t explorer_level_color(size_t level, bool dark)
{
	return level_color[level][dark];
}

uint32_t explorer_hue(size_t expert)
{
	return hue[expert % EXPLORER_HUES];
}

/* One of the two always has a contrast of 4.5 at least. */
uint32_t explorer_text_on(uint32_t color)
{
	return ink_contrast(color, 0) >= ink_contrast(color, 0xffffff) ? 0 : 0xffffff;
}

static const char *const rules[] = {
	".dials{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem "
	"1.4rem;position:sticky;top:0;z-index:3;margin:.8rem 0;"
	"padding:.6rem 1rem;background:var(--paper);border:1px solid var(--line);border-radius:10px}\n",
	".dials[hidden],.dials [hidden],#explorer-tip[hidden]{display:none}\n",
	".dials label{display:flex;align-items:center;gap:.5rem;font-size:.92rem;font-weight:600;min-width:0}\n",
	".dials select{font:inherit;font-weight:400;min-width:0;max-width:min(22rem,70vw);padding:.25rem .4rem;"
	"color:var(--ink);background:var(--page);border:1px solid var(--soft);border-radius:6px}\n",
	".dials .wide{flex:1 1 15rem}.dials input{flex:1;min-width:5rem;accent-color:var(--link)}\n",
	".dials output{min-width:3.5em;text-align:right;font-variant-numeric:tabular-nums}\n",
	".dials :focus-visible{outline:2px solid var(--link);outline-offset:2px}\n",
	"#explorer .scroll{position:relative;padding:.5rem .6rem .5rem 0;background:var(--paper);border:1px solid var(--line);border-radius:10px}\n",
	"#explorer .heat{width:auto;border-collapse:separate;border-spacing:2px;font-size:.76rem}\n",
	"#explorer .heat th,#explorer .heat "
	"td{padding:0;border:0;text-align:center;vertical-align:middle;font-weight:400}\n",
	"#explorer .heat td{min-width:2.3rem;height:1.8rem;border-radius:4px}\n",
	"#explorer .heat tr>:first-child{position:sticky;left:0;z-index:1;padding:0 .6rem;text-align:left;"
	"background:var(--paper);color:var(--ink);min-width:4.5rem;max-width:9rem;overflow:hidden;text-overflow:ellipsis}"
	"\n",
	"#explorer .heat thead th{color:var(--soft);font-size:.72rem}\n",
	"#explorer .dense{border-spacing:1px}#explorer .dense td{min-width:.8rem;height:1.5rem;border-radius:2px}\n",
	"#explorer .dense td span,#explorer .dense thead th:not(:nth-child(8n+2)) "
	"span{position:absolute;width:1px;height:1px;"
	"overflow:hidden;clip-path:inset(50%);white-space:nowrap}\n",
	"#explorer .dense thead th{max-width:.8rem}#explorer .dense thead th:first-child{max-width:9rem}\n",
	"#explorer .h0{box-shadow:inset 0 0 0 1px var(--edge)}\n",
	".legend{display:flex;flex-wrap:wrap;gap:.2rem .9rem;margin:.5rem 0;color:var(--soft);font-size:.82rem}\n",
	".key{display:inline-flex;align-items:center;gap:.35rem}.key i{width:1rem;height:1rem;border-radius:3px;"
	"border:1px solid var(--line)}\n",
	".line{display:grid;grid-template-columns:6rem minmax(0,1fr);gap:.2rem .6rem;margin:.5rem 0;align-items:center}\n",
	".line>b{font-size:.85rem;overflow-wrap:anywhere}.tokens{display:flex;flex-wrap:wrap;gap:3px}\n",
	".token{min-width:2.6rem;padding:.1rem .3rem;border-radius:5px;text-align:center;line-height:1.3;font-size:.82rem;"
	"background:var(--tint)}\n",
	".token b{display:block;font-family:ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;font-weight:600}\n",
	".token small{display:block;color:inherit;font-size:.74rem}\n",
	"#explorer .on{outline:2px solid var(--ink);outline-offset:1px}\n",
	"#explorer td:hover,.token:hover{outline:2px solid var(--soft);outline-offset:0}\n",
	"#explorer td:focus-visible,.token:focus-visible{outline:3px solid var(--link);outline-offset:1px}\n",
	"#explorer-tip{position:fixed;z-index:9;max-width:min(21rem,calc(100vw - 1rem));padding:.45rem .7rem;"
	"border-radius:8px;background:var(--ink);color:var(--page);font-size:.84rem;line-height:1.45;pointer-events:none}"
	"\n",
	"@media (max-width:44rem){.line{grid-template-columns:minmax(0,1fr)}.dials{gap:.4rem 1rem;padding:.5rem .7rem}\n",
	"#explorer .heat tr>:first-child{min-width:3.2rem;max-width:5.5rem}}\n",
	"@media print{.dials{display:none}}\n",
	NULL,
};

static void write_colors(bool dark, FILE *to)
{
	for (size_t i = 0; i < EXPLORER_LEVELS; i++)
		fprintf(to, "#explorer .h%zu{background:#%06" PRIx32 ";color:#%06" PRIx32 "}", i, level_color[i][dark],
				explorer_text_on(level_color[i][dark]));
}

void explorer_style(FILE *to)
{
	for (size_t i = 0; rules[i]; i++)
		fputs(rules[i], to);
	fputs("#explorer{--edge:#ccd1d9}", to);
	write_colors(false, to);
	for (size_t i = 0; i < EXPLORER_HUES; i++)
		fprintf(to, ".x%zu{background:#%06" PRIx32 ";color:#%06" PRIx32 "}", i, hue[i], explorer_text_on(hue[i]));
	fputs("\n@media screen and (prefers-color-scheme:dark){#explorer{--edge:#3b4350}", to);
	write_colors(true, to);
	fputs("}\n", to);
}
