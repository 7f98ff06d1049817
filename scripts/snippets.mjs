// Turns every TypeScript block of the documentation, and every @example, into a test in .snippets/: type-checked with
// everything else, and run where its adapter runs. A comment after a one-line statement is an assertion if it
// starts with a literal, `throws CODE` or `throws ErrorClass`, alone or before `:`, `,` or ` (`:
//
//   await cache.aget('x') // 42
//   const failed = await cache.asetMany(data) // []: all were stored
//   await cache.aincr('missing') // throws KEY_NOT_FOUND
//   return Response.json(data) // { views: 1 } (in a Worker: the answer to its first request)
//
// A comment that starts like a value but is none of these is an error, so that a typo does not disable an assertion.
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const folder = join(root, '.snippets')

/** @typedef {{ file: string, line: number, code: string }} Snippet */

/**
 * Returns the documentation's code, block by block.
 *
 * @returns {Snippet[]}
 */
export function findSnippets() {
  const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
  const sources = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.includes('.test'))
  return [...documents.flatMap(blocks), ...sources.flatMap(examples)]
}

/** Writes changed files and removes old ones, so that a running test is not disturbed. */
export function generateSnippets() {
  const tests = new Map(findSnippets().map((snippet) => [testName(snippet), testOf(snippet)]))
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (!tests.has(name)) rmSync(join(folder, name))
  for (const [name, test] of tests) {
    const path = join(folder, name)
    if (!existsSync(path) || readFileSync(path, 'utf8') !== test) writeFileSync(path, test)
  }
  return tests.size
}

/**
 * @param {string} file
 * @returns {Snippet[]}
 */
function blocks(file) {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    file,
    line: lineOf(text, match.index) + 1,
    code: match[1] ?? '',
  }))
}

/**
 * @param {string} file
 * @returns {Snippet[]}
 */
function examples(file) {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms)].map((match) => ({
    file,
    line: lineOf(text, match.index) + 1,
    code: (match[1] ?? '').replaceAll(/^ *\* ?/gm, ''),
  }))
}

/**
 * @param {string} text
 * @param {number} index
 */
function lineOf(text, index) {
  return text.slice(0, index).split('\n').length
}

/** @param {Snippet} snippet */
export function testName({ file, line, code }) {
  const where = /'nearcache\/(?:kv|cache-shard)'/.test(code) ? '.workerd' : ''
  const place = code.includes("'nearcache/indexeddb'") ? '.browser' : where
  return `${file.replaceAll(/[^\w]+/g, '-')}-${line}${place}.test.ts`
}

/** @param {Snippet} snippet */
export function testOf({ file, line, code }) {
  const whole = code.includes("from 'nearcache") ? code : `${PRELUDE}${code}`
  const imports = (whole.match(IMPORT) ?? []).map(toSource)
  const body = whole.replaceAll(IMPORT, '').trim().split('\n')
  const title = JSON.stringify(`${file}:${line}`)

  // The published suites declare tests, which cannot be done inside a test.
  if (code.includes("'nearcache/testing'") && code.includes('Suite('))
    return [...imports, ...body, ''].join('\n')
  if (code.includes('\nexport default')) return workerTest(title, imports, body)
  const asserting = body.map(assertion)
  const count = asserting.filter((text, index) => text !== body[index]).length
  return [
    ...imports,
    "import { expect, it } from 'vitest'",
    `it(${title}, async () => {`,
    // No line may be skipped.
    `expect.assertions(${count})`,
    ...asserting.map(alone),
    '})',
    '',
  ].join('\n')
}

/**
 * Requests a Worker once for each asserted answer, and then once more, to check that it also works with
 * stored entries.
 *
 * @param {string} title
 * @param {string[]} imports
 * @param {string[]} body
 */
function workerTest(title, imports, body) {
  const answers = body.flatMap((text) => {
    const [code, value] = assertedIn(text) ?? []
    return code?.includes('return Response.json(') ? [value] : []
  })
  const asks = answers.map((answer) => `expect(await (await ask()).json()).toStrictEqual(${answer})`)
  return [
    ...imports,
    "import { env } from 'cloudflare:workers'",
    "import { expect, it } from 'vitest'",
    ...body.map((text) => text.replace('export default', 'const worker =')),
    `it(${title}, async () => {`,
    "const ask = () => worker.fetch(new Request('https://example.org/'), env)",
    ...asks,
    'expect((await ask()).status).toBe(200)',
    '})',
    '',
  ].join('\n')
}

/** All blocks run in one browser, so each gets its own database name. */
const alone = (/** @type {string} */ text) =>
  text.replace(/(indexedDBAdapter\(\{ name: )('[^']*')/, '$1$2 + crypto.randomUUID()')

const IMPORT = /^import [^']*'[^']*'\n/gm

const PRELUDE = `import { createCache } from 'nearcache'
import { memoryAdapter } from 'nearcache/memory'
const cache = createCache({ adapter: memoryAdapter() })
`

/** @type {Readonly<Record<string, string>>} */
const SOURCES = {
  nearcache: '../src/index.ts',
  'nearcache/memory': '../src/adapters/memory/index.ts',
  'nearcache/indexeddb': '../src/adapters/indexeddb/index.ts',
  'nearcache/kv': '../src/adapters/kv/index.ts',
  'nearcache/cache-shard': '../src/adapters/kv/cache-shard.ts',
  'nearcache/adapter': '../src/adapter.ts',
  'nearcache/hashed-key': '../src/hashed-key/index.ts',
  'nearcache/null': '../src/adapters/null/index.ts',
  'nearcache/testing': '../src/testing/index.ts',
}

/** @param {string} text */
function toSource(text) {
  return text.replace(/from '(nearcache[^']*)'/, (_, name) => {
    const source = SOURCES[name]
    if (source === undefined) throw new Error(`The documentation imports ${name}, which does not exist`)
    return `from '${source}'`
  })
}

const LITERAL = /^(?:undefined|null|true|false|-?\d[\d_.]*|'[^']*'|\[.*\]|\{.*\}|Map \{.*\})(?=$|[:,] | \()/
const THROWN = /^throws (\w+)(?=$|[:,] | \()/
const LIKE_A_VALUE = /^(?:(?:undefined|null|true|false|NaN|throws)\b|Map \{|Set \{|[-\d'"`[{])/

/**
 * Returns the statement on a line, and the value that its comment asserts, if any.
 *
 * @param {string} text
 * @returns {[code: string, value: string, thrown: boolean] | undefined}
 */
export function assertedIn(text) {
  const [, code, comment = ''] = /^(.*\S);? \/\/ (.+)$/.exec(text) ?? []
  if (code === undefined || !LIKE_A_VALUE.test(comment)) return undefined
  const thrown = THROWN.exec(comment)?.[1]
  if (thrown !== undefined) return [code, thrown, true]
  const [value] = LITERAL.exec(comment) ?? []
  if (value === undefined) throw new Error(`No value that can be asserted: ${text.trim()}`)
  const map = /^Map \{(.*)\}$/.exec(value)?.[1]
  if (map === undefined) return [code, value, false]
  return [code, `new Map([${map.replaceAll(/([^,]+?) => ([^,]+)/g, '[$1, $2]')}])`, false]
}

/** @param {string} text */
function assertion(text) {
  const [code, value, thrown] = assertedIn(text) ?? []
  if (code === undefined || value === undefined) return text
  if (thrown) {
    const property = /^[A-Z_]+$/.test(value) ? 'code' : 'name'
    return `await expect(async () => ${code.trim()}).rejects.toMatchObject({ ${property}: '${value}' })`
  }
  const name = /^ *(?:const|let) (\w+)/.exec(code)?.[1]
  const check = `expect(${name ?? code.trim()}).toStrictEqual(${value})`
  return name === undefined ? check : `${code}\n${check}`
}

if (process.argv[1] === import.meta.filename) console.log(`${generateSnippets()} snippets`)
