// SPDX-License-Identifier: GPL-3.0-or-later
//
// explorer.mjs -- the report's pages in a browser: node explorer.mjs BROWSER EXPLORER-PAGE REPORT-PAGE DENSE-PAGE [AXE]
//
// DENSE-PAGE is an explorer of more experts than have room for numbers.
//
// AXE is the file axe.min.js of axe-core, or "" where there is none.  Results are TAP.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { open_page } from './browser.mjs';

const [program, explorer, report, dense, axe] = process.argv.slice(2);
const pages = { explorer: pathToFileURL(explorer).href, report: pathToFileURL(report).href,
	dense: pathToFileURL(dense).href };
let count = 0, failures = 0;

function is(what, found, wanted) {
	const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
	console.log(`${a === b ? 'ok' : 'not ok'} ${++count} - ${what}`);
	if (a === b)
		return;
	failures++;
	console.log(`# got:    ${a}\n# wanted: ${b}`);
}

const page = await open_page(program), { value, press } = page;
const data = run => value(`JSON.parse(document.getElementById('explorer-data').textContent).runs${run}`);
const text = id => value(`document.getElementById('explorer-${id}').textContent`);
// the numbers that a table shows, row by row
const numbers = id => value(`[...document.querySelectorAll('#explorer-${id} tbody tr')].map(row =>
	[...row.querySelectorAll('td')].map(cell => cell.textContent))`);
const classes = id => value(`[...document.querySelectorAll('#explorer-${id} td')].map(cell => cell.className)`);
const strip = () => value(`[...document.querySelectorAll('#explorer-strip .token')].map(token =>
	[...token.children].map(part => part.textContent).join(' '))`);
const focus = () => value(`(() => { const at = document.activeElement;
	return at.id || (at.place ? [at.closest('[id^=explorer-]').id, ...at.place].join(' ') : at.tagName); })()`);
const tip = () => value(`document.getElementById('explorer-tip').hidden ? '' : document.getElementById('explorer-tip').textContent`);

// the share of a row's tokens over the fair share, to a tenth
function shares(values, from, n) {
	const row = values.slice(from, from + n), sum = row.reduce((a, b) => a + b, 0);
	return row.map(tokens => (Math.floor(10 * (sum > 0 ? tokens * n / sum : 0) + 0.5) / 10).toFixed(1));
}

// ---- how it looks ---------------------------------------------------------------------------------------------------

for (const [name, url] of Object.entries(pages))
	for (const width of [390, 1280])
		for (const dark of [false, true]) {
			const what = `${name}, ${width} pixels, ${dark ? 'dark' : 'light'}`;
			await page.visit(url, { width, dark });
			is(`${what}: nothing is wider than the window`,
				await value('[document.documentElement.scrollWidth, innerWidth]'), [width, width]);
			if (axe) {
				await value(readFileSync(axe, 'utf8'));
				is(`${what}: axe-core finds nothing`, await value(`axe.run().then(found => found.violations.map(each =>
					each.id + ': ' + each.nodes.map(node => node.target + ' ' + node.failureSummary).join('; ')))`), []);
			}
		}
if (!axe)
	console.log(`ok ${++count} - axe-core # SKIP not found (npm install axe-core, and AXE=.../axe.min.js)`);

// ---- without scripts ------------------------------------------------------------------------------------------------

await page.visit(pages.explorer, { scripts: false });
const still = { load: await numbers('load'), domains: await numbers('domains'), strip: await strip(),
	colors: [...await classes('load'), ...await classes('domains')] };
is('without scripts there are no dials', await value(`getComputedStyle(document.getElementById('explorer-dials')).display`), 'none');
is('but the last step is there', still.load.flat().every(number => /^\d+\.\d$/.test(number)) && still.strip.length > 0, true);
is('and a word on it', await value(`document.querySelector('noscript').textContent.includes('need a script')`), true);

// ---- with scripts ---------------------------------------------------------------------------------------------------

await page.visit(pages.explorer);
const first = await data('[0]'), steps = first.steps.length, n = first.experts;
is('scripts begin with the same numbers', [await numbers('load'), await numbers('domains')], [still.load, still.domains]);
is('the same colors', [...await classes('load'), ...await classes('domains')], still.colors);
is('and the same tokens', await strip(), still.strip);

await value(`document.getElementById('explorer-run').focus()`);
const stops = [await focus()];
for (let i = 0; i < 5; i++) {
	await press('Tab');
	stops.push(await focus());
}
is('the keyboard gets to all of it', stops, ['explorer-run', 'explorer-layer', 'explorer-step', 'explorer-load 0 0',
	'explorer-domains 0 0', 'explorer-strip 0 0']);

await value(`document.getElementById('explorer-step').focus()`);
await press('ArrowLeft');
const before = steps - 2;
is('an arrow moves the slider', [await text('now'), await value(`document.activeElement.getAttribute('aria-valuetext')`)],
	[String(first.steps[before]), `step ${first.steps[before]}`]);
is('with it the loads', await numbers('load'),
	[...Array(first.layers).keys()].map(layer => shares(first.load[before], layer * n, n)));
is('the domains', await numbers('domains'), first.domains.map((_, d) => shares(first.joint[before], d * n, n)));
is('and the tokens', await strip(), first.tokens.map((token, i) => {
	const picks = first.picks[before][i], experts = picks.filter((_, at) => at % 2 === 0 && picks[at] >= 0);
	return `${token[3] === ' ' ? '\u2423' : token[3] || token[1]} ${experts.slice(0, 4).join(' ') + (experts.length > 4 ? ` +${experts.length - 4}` : '') || '\u2013'}`;
}));
is('it says so', (await text('shown')).startsWith(`Shown: ${first.label} after step ${first.steps[before]}`), true);
await press('Home');
is('Home is before the first step', await text('now'), '0');
await press('End');
is('End is the last', await text('now'), String(first.steps[steps - 1]));

await value(`document.querySelector('#explorer-domains td').focus()`);
await press('ArrowRight');
await press('ArrowDown');
is('arrows move in a table', await focus(), 'explorer-domains 1 1');
const last = first.joint[steps - 1].slice(n, 2 * n), sum = last.reduce((a, b) => a + b, 0);
is('where a cell tells its numbers', await tip(), `${first.domains[1]}, expert 1, after step ${first.steps[steps - 1]}: ` +
	`${last[1].toLocaleString('en')} token${last[1] === 1 ? '' : 's'} of the domain\u2019s ${sum.toLocaleString('en')} choices, ` +
	`${(last[1] * n / sum).toFixed(2)} times an even share.`);
is('which describe it', await value(`document.activeElement.getAttribute('aria-describedby')`), 'explorer-tip');
is('and marks its expert\'s tokens', await value(`document.querySelectorAll('#explorer-strip .on').length`),
	first.picks[steps - 1].slice(0, first.tokens.length).filter(picks => picks.some((e, at) => at % 2 === 0 && e === 1)).length);
is('what it tells is inside the window', await value(`(() => { const box = document.getElementById('explorer-tip').getBoundingClientRect();
	return box.left >= 0 && box.right <= innerWidth && box.top >= 0; })()`), true);
await press('End');
is('End is the last expert', await focus(), `explorer-domains 1 ${n - 1}`);
await press('ArrowRight');
is('behind which there is none', await focus(), `explorer-domains 1 ${n - 1}`);
await press('Escape');
is('Escape hides what it told', await tip(), '');
const { x, y } = await value(`(() => { const cell = document.querySelector('#explorer-load td:nth-child(3)');
	cell.scrollIntoView({ block: 'center', behavior: 'instant' });
	const box = cell.getBoundingClientRect(); return { x: box.x + 5, y: box.y + 5 }; })()`);
await page.call('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
is('a pointer finds the same', (await tip()).startsWith('Layer 0, expert 1, after step '), true);

// ---- other runs and layers ------------------------------------------------------------------------------------------

const choose = (id, number) => value(`(() => { const select = document.getElementById('explorer-${id}');
	select.value = ${number}; select.dispatchEvent(new Event('change')); })()`);
const labels = await value(`[...document.querySelectorAll('#explorer-run option')].map(option => option.textContent)`);
is('every run can be chosen', labels, (await data('')).map(run => run.label));
const other = await data('[1]');
await choose('run', 1);
is('another run', await numbers('load'),
	[...Array(other.layers).keys()].map(layer => shares(other.load.at(-1), layer * other.experts, other.experts)));
await choose('layer', 1);
is('another layer', await numbers('domains'),
	other.domains.map((_, d) => shares(other.joint.at(-1), (other.domains.length + d) * other.experts, other.experts)));
is('a label is text', await value(`[...document.querySelectorAll('#explorer-domains tbody th')].map(name => name.textContent)`),
	other.domains);
is('and nothing else', [await value(`document.title.includes('evil')`), await value(`document.querySelectorAll('img').length`)], [false, 0]);

// ---- more experts than have room ----------------------------------------------------------------------------------------

await page.visit(pages.dense, { width: 390 });
const many = await data('[0]');
is('cells without room for numbers have them as labels',
	await value(`[...document.querySelectorAll('#explorer-load td')].map(cell => cell.ariaLabel)`),
	shares(many.load.at(-1), 0, many.experts));
await value(`document.querySelector('#explorer-load td').focus()`);
await press('End');
is('and are moved into sight', await value(`(() => { const box = document.activeElement.getBoundingClientRect();
	return box.left >= 0 && box.right <= innerWidth; })()`), true);

// ---- the report -----------------------------------------------------------------------------------------------------

await page.visit(pages.report, { width: 390 });
await value(`document.querySelector('#verdicts abbr').focus()`);
is('a word of the glossary tells its meaning', (await tip()).length > 20, true);
is('where it can be read', await value(`(() => { const box = document.getElementById('explorer-tip').getBoundingClientRect();
	return box.left >= 0 && box.right <= innerWidth; })()`), true);

is('no page asks for anything, and no script fails', page.problems, []);
await page.close();
console.log(`1..${count}`);
process.exit(failures ? 1 : 0);
