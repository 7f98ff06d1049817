// Turns every TypeScript block of the documentation, and every @example, into a test in .snippets/: type-checked with
// everything else, and run where its adapter runs. `expression // value` at the end of a line becomes an assertion.
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const folder = join(root, '.snippets')

/** @typedef {{ file: string, line: number, code: string }} Snippet */

/** Writes what has changed and removes what is gone, so that a test run under way is not disturbed. */
export function generateSnippets() {
  const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
  const sources = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.includes('.test'))
  const tests = new Map(
    [...documents.flatMap(blocks), ...sources.flatMap(examples)].map((snippet) => {
      const name = `${snippet.file.replaceAll(/[^\w]+/g, '-')}-${snippet.line}`
      return [`${name}${place(snippet.code)}.test.ts`, testOf(snippet)]
    }),
  )
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

/** @param {string} code */
function place(code) {
  if (code.includes("'nearcache/kv'")) return '.workerd'
  return code.includes("'nearcache/indexeddb'") ? '.browser' : ''
}

/** @param {Snippet} snippet */
function testOf({ file, line, code }) {
  const lines = (/^import /m.test(code) ? code : `${PRELUDE}${code}`).split('\n')
  const isImport = (/** @type {string} */ text) => text.startsWith('import ')
  const imports = lines.filter(isImport).map(toSource)
  const body = lines.filter((text) => !isImport(text))
  const title = JSON.stringify(`${file}:${line}`)

  // The published suites declare tests, which cannot be done inside of one.
  if (code.includes("'nearcache/testing'")) return [...imports, ...body].join('\n')
  if (code.includes('\nexport default')) {
    const worker = body.map((text) => text.replace('export default', 'const worker ='))
    const ask = "expect((await worker.fetch(new Request('https://example.org/'), env)).ok).toBe(true)"
    const own = ["import { env } from 'cloudflare:workers'", "import { expect, it } from 'vitest'"]
    return [...imports, ...own, ...worker, `it(${title}, async () => {`, ask, ask, '})', ''].join('\n')
  }
  const asserted = body.map(assertion)
  const used = asserted.join('\n') === body.join('\n') ? 'it' : 'expect, it'
  return [
    ...imports,
    `import { ${used} } from 'vitest'`,
    `it(${title}, async () => {`,
    ...asserted,
    '})',
    '',
  ].join('\n')
}

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

const LITERAL = /^(undefined|null|true|false|-?\d[\d_.]*|'[^']*'|\[.*\]|\{.*\}|Map \{.*\})(?=$|[:,] )/

/** @param {string} text */
function assertion(text) {
  const match = /^( *)(.+?);? \/\/ (.+)$/.exec(text)
  const literal = match && LITERAL.exec(match[3] ?? '')?.[1]
  if (!match || !literal) return text
  const [, indent = '', code = ''] = match
  const value = literal.replace(
    /^Map \{(.*)\}$/,
    (_, pairs) => `new Map([${pairs.replaceAll(/([^,]+?) => ([^,]+)/g, '[$1, $2]')}])`,
  )
  const name = /^(?:const|let) (\w+)/.exec(code)?.[1]
  if (name) return `${indent}${code}\n${indent}expect(${name}).toEqual(${value})`
  return `${indent}expect(${code}).toEqual(${value})`
}

if (process.argv[1] === import.meta.filename) console.log(`${generateSnippets()} snippets`)
