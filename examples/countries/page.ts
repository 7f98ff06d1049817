import { Answers } from './answers.ts'
import type { CountrySummary } from './api.ts'
import { DetailView } from './detail-view.ts'
import { find } from './elements.ts'
import { excuse } from './failures.ts'
import { ListView } from './list-view.ts'
import { LogView } from './log-view.ts'

const log = new LogView()
const answers = new Answers(
  (report) => log.add(report),
  (error) => note(`Nothing is kept for offline, or for the next visit: ${reason(error.cause ?? error)}.`),
)
const names = new Map<string, string>()
const detail = new DetailView(answers, (code) => names.get(code) ?? code)
const list = new ListView((code) => void detail.open(code))
const failed = find('#failed', HTMLElement)

let shown = false

async function showList(): Promise<void> {
  try {
    const { value } = await answers.get<CountrySummary[]>('countries')
    failed.hidden = true
    // Requested twice: by the user, and when the network came back.
    if (shown) return
    for (const { code, name } of value) names.set(code, name)
    list.show(value)
    shown = true
  } catch (error) {
    find('#message', HTMLElement).textContent = excuse(error)
    failed.hidden = false
    list.showNothing()
  }
}

function showNetwork(): void {
  const network = find('#network', HTMLElement)
  network.textContent = navigator.onLine ? 'online' : 'offline: answers from this browser'
  network.classList.toggle('offline', !navigator.onLine)
}

function note(text: string): void {
  const place = find('#note', HTMLElement)
  // Shown once: each failed read reports the outage, and a screen reader would announce each.
  if (place.textContent !== text) place.textContent = text
}

function clearsWith(id: string, what: string, clear: () => Promise<void>): void {
  find(`#${id}`, HTMLButtonElement).addEventListener('click', async () => {
    try {
      await clear()
      note(`${what} was cleared. What it held comes from further away the next time.`)
    } catch (error) {
      note(`${what} was not cleared: ${reason(error)}.`)
    }
  })
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

clearsWith('clear-memory', 'Memory', () => answers.memory.aclear())
clearsWith('clear-disk', 'IndexedDB', () => answers.disk.aclear())
clearsWith('clear-edge', 'The edge', () => answers.clearEdge())

find('#again', HTMLButtonElement).addEventListener('click', async () => {
  await showList()
  // The pressed button is removed, and the focus with it.
  if (shown) list.focus()
})
addEventListener('online', () => {
  showNetwork()
  if (!shown) void showList()
})
addEventListener('offline', showNetwork)
showNetwork()
void showList()
workOffline().catch((error) => note(`This page will not open offline: ${reason(error)}`))

/** Lets the service worker store the page, and the flags that were shown before it was installed. */
async function workOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) throw new Error('service workers need https or localhost')
  const first = navigator.serviceWorker.controller === null
  const controlled = new Promise((resolve) =>
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
  )
  await navigator.serviceWorker.register('/service-worker.js')
  if (!first) return
  await controlled
  const shown = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/flags/'))
  // These requests go through the service worker, which stores the responses. A failed one is retried another
  // time.
  await Promise.allSettled(shown.map(({ name }) => fetch(name)))
}
