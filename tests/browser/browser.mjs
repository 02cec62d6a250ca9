// SPDX-License-Identifier: GPL-3.0-or-later
//
// browser.mjs -- a headless Chromium, told what to do through a pipe: nothing else is needed than node.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A page of a browser that was just started: call(method, parameters) as the DevTools protocol has it.
export async function open_page(program) {
	const home = mkdtempSync(join(tmpdir(), 'moesim-browser-'));
	const child = spawn(
		program,
		['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars',
			'--no-first-run', '--disable-extensions', '--disable-background-networking', '--disable-component-update',
			`--user-data-dir=${home}`, '--remote-debugging-pipe', 'about:blank'],
		{ stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
	const waiting = new Map(), problems = [];
	let last = 0, buffer = '', session;

	function take(message) {
		if (message.method === 'Runtime.exceptionThrown')
			problems.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
		if (message.method === 'Network.requestWillBeSent' && !/^(file|data|about):/.test(message.params.request.url))
			problems.push(`asks for ${message.params.request.url}`);
		const wait = waiting.get(message.id);
		waiting.delete(message.id);
		if (wait)
			message.error ? wait.reject(new Error(message.error.message)) : wait.resolve(message.result);
	}

	child.stdio[4].on('data', bytes => {
		buffer += bytes;
		for (let end; (end = buffer.indexOf('\0')) >= 0; buffer = buffer.slice(end + 1))
			take(JSON.parse(buffer.slice(0, end)));
	});
	child.on('exit', () => waiting.forEach(wait => wait.reject(new Error('the browser has ended'))));
	child.on('error', error => waiting.forEach(wait => wait.reject(error)));

	function call(method, params = {}) {
		return new Promise((resolve, reject) => {
			waiting.set(++last, { resolve, reject });
			child.stdio[3].write(`${JSON.stringify({ id: last, method, params, sessionId: session })}\0`);
		});
	}

	const { targetInfos } = await call('Target.getTargets');
	const { targetId } = targetInfos.find(target => target.type === 'page');
	session = (await call('Target.attachToTarget', { targetId, flatten: true })).sessionId;
	for (const domain of ['Page', 'Runtime', 'Network'])
		await call(`${domain}.enable`);
	await call('Emulation.setFocusEmulationEnabled', { enabled: true });

	// The value of an expression in the page; a promise is waited for.
	async function value(expression) {
		const answer = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
		if (answer.exceptionDetails)
			throw new Error(answer.exceptionDetails.exception?.description ?? answer.exceptionDetails.text);
		return answer.result.value;
	}

	const codes = { Tab: 9, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Escape: 27 };
	async function press(key) {
		for (const type of ['keyDown', 'keyUp'])
			await call('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: codes[key] });
	}

	// Opens a file in a window of that width, light or dark, with scripts or without.
	async function visit(url, { width = 1280, dark = false, scripts = true } = {}) {
		const height = width < 600 ? 844 : 900;
		await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
		await call('Emulation.setEmulatedMedia', {
			features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
		});
		await call('Emulation.setScriptExecutionDisabled', { value: !scripts });
		await call('Page.navigate', { url });
		// scripts that are off are off for the page alone: the protocol's own expressions run
		while (await value('document.readyState') !== 'complete' || await value('location.href') !== url)
			;
	}

	async function picture(selector) {
		let clip;
		if (selector) {
			const box = await value(`(() => { const b = document.querySelector('${selector}').getBoundingClientRect();
				return { x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height, scale: 1 }; })()`);
			clip = box;
		}
		const shot = await call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
		return Buffer.from(shot.data, 'base64');
	}

	async function close() {
		await call('Browser.close').catch(() => {});
		await new Promise(resolve => child.exitCode === null ? child.on('exit', resolve) : resolve());
		rmSync(home, { recursive: true, force: true });
	}

	return { call, value, press, visit, picture, close, problems };
}
