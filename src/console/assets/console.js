// The console's module: what a page does beyond plain HTML. Every page also works without it, but for live updates.
// Values stay in the page: they never get into addresses, titles, storage or the browser's log.

const SECOND = 1000;
const TYPING_PAUSE = 150;
const FRESH_FOR = 2 * SECOND;
const REVEALED_FOR = 60 * SECOND;
const FIRST_RETRY = 250;
const LONGEST_RETRY = 5 * SECOND;
const POLL_EVERY = 2 * SECOND;
const REFRESH_GAP = 400;
// HTTP/1.1 lets a browser open six connections to a server. Two are left for pages and forms.
const STREAM_SLOTS = 4;

const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- Requests to our server, and its HTML

const policy = globalThis.trustedTypes?.createPolicy('discfg', { createHTML: html => html });

const parse = html => new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, 'text/html');

/** Fetches a page: its status and, unless the session is over, its document. Throws if aborted or without a connection. */
async function fetchPage(address, options = {}) {
  const answer = await fetch(address, { cache: 'no-store', ...options, headers: { accept: 'text/html' } });
  const signedOut = answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === '/signin');
  if (signedOut) endSession();
  return { ok: answer.ok && !signedOut, status: signedOut ? 401 : answer.status, page: signedOut ? null : parse(await answer.text()) };
}

// ---- What the page says about itself

let clearing;

/** Says a sentence to screen readers. It is cleared, so that the same sentence is said again next time. */
function announce(text) {
  const status = find('#status');
  if (!status) return;
  status.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => { status.textContent = ''; }, 3 * SECOND);
}

function showLive(state, text) {
  const live = find('#live');
  if (!live || (live.dataset.state === state && live.textContent === text)) return;
  live.dataset.state = state;
  live.textContent = text;
}

/** Shows a notice over the page with one link, or removes it (no text). */
function showNotice(text, linkText, href) {
  let notice = find('#over');
  if (!text) {
    if (notice) notice.hidden = true;
    return;
  }
  if (!notice) {
    notice = document.createElement('p');
    notice.id = 'over';
    notice.className = 'notice warn';
    document.body.append(notice);
  }
  notice.setAttribute('role', 'alert');
  const link = document.createElement('a');
  link.href = href;
  link.textContent = linkText;
  notice.replaceChildren(text, ' ', link);
  notice.hidden = false;
}

let sessionOver = false;

function endSession() {
  // Said once: a link that is replaced under the pointer takes no click.
  if (sessionOver) return;
  sessionOver = true;
  closeLive();
  showLive('off', 'signed out');
  showNotice('The session is over.', 'Sign in again', '/');
}

// ---- Times

// The server's clock decides when a key expires; this machine's may be off.
const clockOffset = (() => {
  const server = Number(document.body.dataset.now);
  return server ? server - Date.now() / SECOND : 0;
})();
const serverNow = () => Math.floor(Date.now() / SECOND + clockOffset);

const UNITS = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

function span(seconds, parts) {
  const first = Math.max(0, UNITS.findIndex(([size]) => seconds >= size));
  const words = [];
  for (const [size, unit] of UNITS.slice(first, first + parts)) {
    const number = Math.floor(seconds / size);
    seconds -= number * size;
    if (number || !words.length) words.push(`${number} ${unit}`);
  }
  return words.join(' ');
}

function relative(seconds) {
  if (seconds === 0) return 'now';
  return seconds > 0 ? `${span(seconds, 1)} ago` : `in ${span(-seconds, 1)}`;
}

const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };

/** Renders the countdowns; true if one has just come to its end. */
function renderCountdowns(root) {
  const now = serverNow();
  let ended = false;
  for (const time of findAll('time[data-expires]', root)) {
    const left = Number(time.dataset.expires) - now;
    ended ||= left === 0 && time.textContent !== 'expired';
    setText(time, left > 0 ? `expires in ${span(left, 2)}` : 'expired');
    time.classList.toggle('soon', left <= 60);
  }
  return ended;
}

function renderTimes(root) {
  const now = serverNow();
  for (const time of findAll('time[datetime]:not([data-expires])', root)) {
    const moment = Date.parse(time.dateTime);
    if (!Number.isNaN(moment)) setText(time, relative(now - Math.floor(moment / SECOND)));
  }
  renderCountdowns(root);
}

let ticker;
let ticks = 0;

function tick() {
  ticks += 1;
  if (ticks % 60 === 0) renderTimes(document);
  // A key that expires changes no head: no event says so.
  if (renderCountdowns(document) && streaming) refresh();
}

function startClock() {
  clearInterval(ticker);
  renderTimes(document);
  ticker = setInterval(tick, SECOND);
}

// ---- Morphing: the page becomes the new one with as few changes as possible

const ROW = ':is(.list, .grid, .matrix) tbody > tr, .timeline > li';
const FIELD = 'input, textarea, select';
const PARTS = '[data-part], #list';

/** What only the module does, to the page and to each page fetched, so that the two compare equal. */
function prepare(root) {
  renderTimes(root);
  // Boxes that scroll can be scrolled by keyboard.
  for (const box of findAll('pre.value, .grid, .scroll:has(> .matrix)', root)) box.tabIndex = 0;
  if (navigator.clipboard) for (const button of findAll('button[data-copy]', root)) button.hidden = false;
}

function identity(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  if (node.id) return `#${node.id}`;
  return node.dataset.key === undefined ? null : `=${node.dataset.key}`;
}

function isChanged(field) {
  if (field.matches('select')) return [...field.options].some(option => option.selected !== option.defaultSelected);
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

function morphField(old, next) {
  const kept = old === document.activeElement || isChanged(old);
  morphAttributes(old, next);
  if (kept) return;
  if (old.matches('select')) {
    morphChildren(old, next, []);
    old.value = next.value;
  } else if (old.type === 'checkbox' || old.type === 'radio') {
    old.checked = next.checked;
  } else {
    if (old.matches('textarea')) old.defaultValue = next.defaultValue;
    if (old.value !== next.value) old.value = next.value;
  }
}

function morphAttributes(old, next) {
  const focusedField = old === document.activeElement && old.matches(FIELD);
  const isKept = name => name === 'open' || name === 'style' || (focusedField && (name === 'value' || name === 'checked'));
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !isKept(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value && !isKept(name)) old.setAttribute(name, value);
  }
}

/** Makes `old` equal to `next`; rows whose text changed, and new rows, are added to `changed`. */
function morph(old, next, changed) {
  if (old.isEqualNode(next)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  if (old.matches(FIELD)) return morphField(old, next);
  // By text, not by markup: a row that someone unfolded hasn't changed.
  if (old.matches(ROW) && old.textContent !== next.textContent) changed.push(old);
  morphAttributes(old, next);
  morphChildren(old, next, changed);
}

function morphChildren(old, next, changed) {
  const known = new Map();
  for (const child of old.children) {
    const id = identity(child);
    if (id) known.set(id, child);
  }
  const wanted = new Set([...next.children].map(identity));
  let here = old.firstChild;
  for (const child of [...next.childNodes]) {
    // What goes is removed first: what stays then needs no move, and a moved element would lose its focus.
    while (here && identity(here) && !wanted.has(identity(here))) {
      const gone = here;
      here = here.nextSibling;
      gone.remove();
    }
    const id = identity(child);
    let match = id ? known.get(id) : here && !identity(here) ? here : null;
    if (match && match.nodeName !== child.nodeName) match = null;
    if (!match) {
      old.insertBefore(child, here);
      if (child.nodeType === Node.ELEMENT_NODE) changed.push(...(child.matches(ROW) ? [child] : findAll(ROW, child)));
      continue;
    }
    known.delete(id);
    if (match === here) here = here.nextSibling;
    else old.insertBefore(match, here);
    morph(match, child, changed);
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
}

/** Runs a change of the page and puts the focus back, or into the row that took its place. */
function keepFocus(change) {
  const focused = document.activeElement;
  const at = rowLinks().findIndex(link => rowOf(link).contains(focused));
  const selection = focused?.matches('input, textarea') ? [focused.selectionStart, focused.selectionEnd] : null;
  change();
  if (focused === document.activeElement || !focused || focused === document.body) return;
  if (focused.isConnected) {
    focused.focus({ preventScroll: true });
    if (selection && selection[0] !== null) focused.setSelectionRange(...selection);
    return;
  }
  const links = rowLinks();
  (links[Math.min(Math.max(at, 0), links.length - 1)] ?? find('#main'))?.focus({ preventScroll: true });
}

/** What the key was for which a part that isn't replaced was made. */
const heldState = part => `${part.dataset.frozen} ${part.dataset.revision}`;

/** Takes over what changed from a newly fetched page; returns the changed rows. */
function showPage(page) {
  const changed = [];
  for (const row of findAll('.fresh')) row.classList.remove('fresh');
  prepare(document);
  prepare(page);
  carryRevealed(page);
  keepFocus(() => {
    for (const part of findAll(PARTS)) {
      const next = page.getElementById(part.id);
      if (!next || part.parentElement.closest(PARTS)) continue;
      if (part.hasAttribute('data-frozen')) {
        if (heldState(part) !== heldState(next)) for (const stale of findAll('[data-stale]')) stale.hidden = false;
      } else {
        morph(part, next, changed);
      }
    }
  });
  if (page.title) document.title = page.title;
  const { version, live } = page.body.dataset;
  if (version) document.body.dataset.version = version;
  if (live && live !== document.body.dataset.live) {
    // Other configs are shown, such as after a change of the grid's sides.
    document.body.dataset.live = live;
    closeLive();
    openLive();
  }
  growEditors();
  return changed;
}

function markFresh(rows) {
  for (const row of rows) row.classList.add('fresh');
  setTimeout(() => { for (const row of rows) row.classList.remove('fresh'); }, FRESH_FOR);
}

// ---- Loading: one page at a time; a filter goes before an update

let loading = null;

async function load(address) {
  loading?.abort();
  const mine = loading = new AbortController();
  try {
    const result = await fetchPage(address, { signal: mine.signal });
    return mine.signal.aborted ? null : result;
  } catch (error) {
    if (mine.signal.aborted) return null;
    throw error;
  } finally {
    if (loading === mine) loading = null;
  }
}

let refreshing = false;
let refreshAgain = false;
let filtering = false;
let filterRuns = 0;

/** Fetches this page again and shows what changed. Calls during a refresh lead to one more, so a busy writer costs little. */
async function refresh() {
  if (refreshing || filtering) {
    refreshAgain = true;
    return;
  }
  refreshing = true;
  try {
    const result = await load(location.href);
    if (result?.ok) showUpdate(result.page);
    else if (result?.page) showFailedUpdate(result.status);
  } catch {
    showLive('lost', 'reconnecting…');
  } finally {
    setTimeout(() => {
      refreshing = false;
      if (!refreshAgain || document.hidden) return;
      refreshAgain = false;
      refresh();
    }, REFRESH_GAP);
  }
}

const moduleAddress = root => find('script[type="module"]', root)?.getAttribute('src');

function showUpdate(page) {
  // A server of another version was started: its pages need its own style sheet and module.
  if (moduleAddress(page) !== moduleAddress(document) && !hasUnsaved()) {
    location.reload();
    return;
  }
  const changed = showPage(page);
  showNotice('');
  if (streaming) showLive('on', 'live');
  markFresh(changed);
  if (changed.length) announce('Updated');
}

function showFailedUpdate(status) {
  if (status === 404 || status === 410) showNotice('Not found: this was deleted while the page was open.', 'Configs', '/');
  else if (status === 403) showNotice('Access denied: this page shows what was last allowed.', 'Configs', '/');
  else if (status !== 405) {
    showLive('lost', `cannot update (status ${status})`);
    setTimeout(refresh, LONGEST_RETRY);
  }
}

// ---- Live updates: one stream a page, closed while the page is hidden

let streaming = null;
let polling = false;

// A window without a stream learns from another one that something changed. Only that is said, never what.
const windows = globalThis.BroadcastChannel && new BroadcastChannel('discfg-changes');
if (windows) windows.onmessage = () => { if (polling) refresh(); };

function pause(duration, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, duration);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
    addEventListener('online', resolve, { once: true, signal });
  });
}

/** Reads server-sent events from a response until it ends or the signal aborts. */
async function readEvents(body, signal, receive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const cancel = () => reader.cancel().catch(() => {});
  if (signal.aborted) return cancel();
  signal.addEventListener('abort', cancel, { once: true });
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).replaceAll('\r\n', '\n').split('\n\n');
    rest = events.pop();
    for (const event of events) {
      const fields = {};
      for (const line of event.split('\n')) {
        const [, name, text] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (name) fields[name] = name in fields ? `${fields[name]}\n${text}` : text;
      }
      if (fields.data !== undefined) receive(fields.event, JSON.parse(fields.data));
    }
  }
}

function receiveEvent(name, data) {
  if (name === 'heads') {
    // Also if the fetch fails: the stream then goes on after this version, and the next event fetches again.
    document.body.dataset.version = data.version;
    windows?.postMessage('changed');
    refresh();
  } else if (name === 'end' && data.reason === 'signed-out') {
    endSession();
  }
}

/** Follows the stream and opens it again whenever it ends, until aborted. */
async function followStream(signal) {
  let wait = FIRST_RETRY;
  let lost = false;
  while (!signal.aborted) {
    const opened = Date.now();
    try {
      const address = new URL(document.body.dataset.live, location.href);
      if (document.body.dataset.version) address.searchParams.set('after', document.body.dataset.version);
      // Without the signal: Chromium leaves the connection open if a request is aborted before its answer begins.
      const answer = await fetch(address, { cache: 'no-store', headers: { accept: 'text/event-stream' } });
      if (answer.status === 401 && !signal.aborted) return endSession();
      if (!answer.ok) throw new Error('no stream');
      if (!signal.aborted) {
        showLive('on', 'live');
        if (lost) refresh();
        lost = false;
      }
      await readEvents(answer.body, signal, receiveEvent);
    } catch {
      // Aborted, or no connection: distinguished below.
    }
    if (signal.aborted) return;
    lost = true;
    showLive('lost', navigator.onLine ? 'reconnecting…' : 'offline');
    if (Date.now() - opened > LONGEST_RETRY) wait = FIRST_RETRY;
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_RETRY);
  }
}

/** Runs the task while holding one of the browser's slots for streams; false if all are taken. */
async function inSlot(task) {
  if (!navigator.locks) return task().then(() => true);
  for (let slot = 0; slot < STREAM_SLOTS; slot += 1) {
    const done = await navigator.locks.request(`discfg-live-${slot}`, { ifAvailable: true }, async lock => {
      if (lock) await task();
      return Boolean(lock);
    });
    if (done) return true;
  }
  return false;
}

async function keepLive(signal) {
  while (!signal.aborted) {
    const streamed = await inSlot(() => followStream(signal));
    if (streamed || signal.aborted) continue;
    // Many windows are visible at once: this one fetches now and then until a slot is free.
    polling = true;
    await refresh();
    await pause(POLL_EVERY, signal);
    polling = false;
  }
}

/** A page that shows nothing live says that it is visible, so that the console isn't taken for idle. */
async function keepPresent(signal) {
  while (!signal.aborted) {
    try {
      const answer = await fetch(document.body.dataset.presence, { cache: 'no-store', headers: { accept: 'text/event-stream' } });
      if (answer.status === 401) return;
      if (answer.ok) await readEvents(answer.body, signal, () => {});
    } catch {
      // The next page tells whether the server is there.
    }
    await pause(LONGEST_RETRY, signal);
  }
}

let present = null;

function openPresence() {
  if (!document.body.dataset.presence || present || document.hidden) return;
  present = new AbortController();
  inSlot(() => keepPresent(present.signal));
}

function closePresence() {
  present?.abort();
  present = null;
}

function openLive() {
  openPresence();
  if (!document.body.dataset.live || sessionOver || streaming || document.hidden) return;
  streaming = new AbortController();
  if (find('#live')?.dataset.state !== 'lost') showLive('off', 'connecting…');
  keepLive(streaming.signal);
}

function closeLive() {
  closePresence();
  streaming?.abort();
  streaming = null;
}

// ---- Filters as you type

const isInstant = form => form?.matches('form.filter[data-instant]') && form.method === 'get';

/** The address that the form would open; empty fields are left out. */
function filterAddress(form) {
  const address = new URL(form.action);
  const fields = [...new FormData(form)].filter(([, value]) => typeof value === 'string' && value !== '');
  address.search = new URLSearchParams(fields);
  return address;
}

async function applyFilter(form) {
  const address = filterAddress(form);
  const list = find('#list');
  const run = filterRuns += 1;
  filtering = true;
  list?.setAttribute('aria-busy', 'true');
  try {
    const result = await load(address);
    if (result?.ok) {
      history.replaceState(null, '', address);
      showPage(result.page);
      announce(find('.count')?.textContent ?? 'Filtered');
    } else if (result?.page) {
      location.assign(address);
    }
  } catch {
    showLive('lost', 'reconnecting…');
  }
  // A later run took over.
  if (run !== filterRuns) return;
  filtering = false;
  list?.removeAttribute('aria-busy');
  if (refreshAgain) {
    refreshAgain = false;
    refresh();
  }
}

let typing;

function filterSoon(form, delay) {
  clearTimeout(typing);
  typing = setTimeout(applyFilter, delay, form);
}

// ---- Secrets: shown on request, hidden again after a minute

let revealed = null;

function hideRevealed() {
  if (!revealed) return;
  const { masked, button, label, timer } = revealed;
  clearTimeout(timer);
  revealed = null;
  find('#secret-value')?.replaceWith(masked);
  if (button) button.textContent = label;
}

/** Keeps a revealed value over an update of the page, unless something about its key changed. */
function carryRevealed(page) {
  if (!revealed) return;
  const shown = find('#secret-value');
  const next = page.getElementById('secret-value');
  const nextButton = find('form[data-reveal] button', page);
  if (!shown || !next || !nextButton) return hideRevealed();
  next.replaceWith(page.importNode(shown, true));
  const nextLabel = nextButton.textContent;
  nextButton.textContent = revealed.button.textContent;
  const part = shown.closest('[data-part]');
  if (part?.textContent === page.getElementById(part?.id)?.textContent) return;
  page.getElementById('secret-value').replaceWith(next);
  nextButton.textContent = nextLabel;
  hideRevealed();
}

async function reveal(form) {
  if (revealed) return hideRevealed();
  const button = find('button', form);
  if (button.getAttribute('aria-busy')) return;
  button.setAttribute('aria-busy', 'true');
  try {
    const { ok, status, page } = await fetchPage(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    const shown = page?.getElementById('secret-value');
    const masked = find('#secret-value');
    if (ok && shown && masked) {
      masked.replaceWith(document.adoptNode(shown));
      revealed = { masked, button, label: button.textContent, timer: setTimeout(hideRevealed, REVEALED_FOR) };
      button.textContent = 'Hide';
      find('.reveal-failed')?.remove();
      announce('Value shown for 60 s');
    } else if (page) {
      showRevealFailure(form, find('.notice.bad', page)?.textContent ?? `Cannot show the value (status ${status}).`);
    }
  } catch {
    showRevealFailure(form, 'Cannot show the value: the server is unavailable.');
  } finally {
    button.removeAttribute('aria-busy');
  }
}

function showRevealFailure(form, text) {
  find('.reveal-failed')?.remove();
  const notice = document.createElement('p');
  notice.className = 'notice bad reveal-failed';
  notice.setAttribute('role', 'alert');
  notice.textContent = text;
  form.after(notice);
}

// ---- Copying

/** An element's text as stored: an invisible character is shown as U+202E, but copied as itself. */
function storedText(element) {
  const copy = element.cloneNode(true);
  for (const escaped of findAll('span.esc', copy)) {
    const code = /^U\+([0-9A-F]{1,6})$/.exec(escaped.textContent);
    if (code) escaped.replaceWith(String.fromCodePoint(parseInt(code[1], 16)));
  }
  return copy.textContent;
}

async function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  try {
    await navigator.clipboard.writeText(storedText(source));
    button.dataset.done = '';
    announce('Copied');
    setTimeout(() => { delete button.dataset.done; }, 1.5 * SECOND);
  } catch {
    announce('Cannot copy: the browser denies access to the clipboard');
  }
}

// ---- The editor

const editors = () => findAll('textarea[data-editor]');

function growEditors() {
  // Browsers that size fields by their content do this in the style sheet.
  if (CSS.supports('field-sizing', 'content')) return;
  for (const editor of editors()) {
    editor.style.height = 'auto';
    editor.style.height = `${editor.scrollHeight + 2}px`;
  }
}

const hasUnsaved = () => find('form[data-unsaved]') !== null || editors().some(isChanged);

let submitted = null;
let elsewhere = false;
const RESUBMIT_AFTER = 20_000;

// Who follows a link that says so has decided.
let discarded = false;

// Signing out isn't saving.
const savesWork = form => form.matches('[data-unsaved]') || find('textarea[data-editor]', form) !== null;

// ---- Rows and shortcuts

const ROWS = '[data-rows] > tbody > tr, ol[data-rows] > li';

const rowOf = link => link.closest('tr, li');

const rowLinks = () => findAll(ROWS).map(row => find('a[href]', row)).filter(Boolean);

function stepRow(by) {
  const links = rowLinks();
  const at = links.findIndex(link => rowOf(link).contains(document.activeElement));
  const to = at < 0 ? (by > 0 ? 0 : -1) : Math.min(Math.max(at + by, 0), links.length - 1);
  links[to]?.focus();
  return to >= 0 && links.length > 0;
}

const KEYS_SETTING = 'discfg-shortcuts';

// Storage can be denied; the shortcuts then are on, and off for this page only.
function storedSetting() {
  try { return localStorage.getItem(KEYS_SETTING); } catch { return null; }
}

function storeSetting(value) {
  try { localStorage.setItem(KEYS_SETTING, value); } catch { /* as above */ }
}

const FILTER_FIELD = 'form.filter input:is([type="search"], [type="text"], :not([type]))';

const follow = selector => () => find(selector)?.click();

const SHORTCUTS = {
  '/': () => { const field = find(FILTER_FIELD); field?.focus(); field?.select(); },
  j: () => stepRow(1),
  k: () => stepRow(-1),
  e: follow('a[data-edit]'),
  t: follow('nav[aria-label="Config"] a[href$="/timeline"]'),
  g: follow('nav[aria-label="Config"] a[href]'),
  '?': () => openHelp(),
};

function openHelp() {
  const help = find('#help');
  if (help && !help.open) help.showModal();
}

function pressKey(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const target = event.target;
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && target.matches?.('textarea[data-editor]')) {
    event.preventDefault();
    // By its button, whose name and value say which step this is.
    target.form?.requestSubmit(find('button.primary, button:not([type="button"])', target.form));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || find('dialog[open]')) return;
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (arrow) {
    const inRows = target.closest?.(ROWS) && !target.matches(FIELD);
    const fromFilter = arrow > 0 && target.matches?.(FILTER_FIELD);
    if ((inRows || fromFilter) && stepRow(arrow)) event.preventDefault();
    return;
  }
  if (target.isContentEditable || target.matches?.(FIELD) || (find('#keys-on')?.checked ?? true) === false) return;
  const act = Object.hasOwn(SHORTCUTS, event.key) && SHORTCUTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

// ---- The page's events

document.addEventListener('keydown', pressKey);

document.addEventListener('input', event => {
  if (event.target.matches('textarea[data-editor]')) growEditors();
  if (isInstant(event.target.form) && event.target.matches('input:not([type="checkbox"], [type="radio"])')) filterSoon(event.target.form, TYPING_PAUSE);
});

document.addEventListener('change', event => {
  if (event.target.id === 'keys-on') storeSetting(event.target.checked ? 'on' : 'off');
  else if (isInstant(event.target.form)) filterSoon(event.target.form, 0);
});

document.addEventListener('submit', event => {
  const form = event.target;
  if (event.defaultPrevented || form.method === 'dialog') return;
  const toAnotherPage = event.submitter?.hasAttribute('formaction');
  if (form.matches('[data-reveal]')) {
    event.preventDefault();
    reveal(form);
  } else if (isInstant(form) && !toAnotherPage) {
    event.preventDefault();
    filterSoon(form, 0);
  } else if (submitted === form && form.method === 'post') {
    // A double click would commit twice, and the second commit would conflict with the first.
    event.preventDefault();
  } else {
    // An answer in another window leaves this one as it is.
    if (elsewhere) return;
    submitted = form;
    // A server that doesn't answer is asked again.
    setTimeout(() => { if (submitted === form) submitted = null; }, RESUBMIT_AFTER);
  }
});

document.addEventListener('click', event => {
  const target = event.target;
  if (target.closest('#shortcuts')) openHelp();
  elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
  if (target.closest('a[data-discard]') && !elsewhere) discarded = true;
  const copy = target.closest('button[data-copy]');
  if (copy) copyText(copy);
  if (target.matches('dialog[open]')) {
    // A click on the dialog itself is one on its backdrop if it is outside its box.
    const box = target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) target.close();
  }
});

addEventListener('beforeunload', event => {
  if (discarded || submitted && savesWork(submitted) || !hasUnsaved()) return;
  event.preventDefault();
  // Where leaving is cancelled, the page takes its forms again.
  submitted = null;
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearInterval(ticker);
    closeLive();
  } else {
    startClock();
    openLive();
  }
});

addEventListener('offline', () => { if (streaming) showLive('lost', 'offline'); });

addEventListener('pagehide', () => {
  hideRevealed();
  closeLive();
});

addEventListener('pageshow', event => {
  submitted = null;
  if (event.persisted) openLive();
});

// ---- Start

prepare(document);
growEditors();
if (find('#shortcuts') && find('#help')) find('#shortcuts').hidden = false;
if (find('#keys-on')) find('#keys-on').checked = storedSetting() !== 'off';
if (!document.hidden) startClock();
openLive();

// The launch page posts its code at once. Not on a reload or on the way back: a code used twice ends the session.
const launch = find('form[data-submit]');
if (launch && !['reload', 'back_forward'].includes(performance.getEntriesByType('navigation')[0]?.type)) launch.requestSubmit();
