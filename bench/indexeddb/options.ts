import { parseArgs } from 'node:util'

export interface Options {
  /** What the ids of the tasks to run begin with; none = all. */
  readonly tasks: readonly string[]
  /** The ids of the contestants to measure; none = all. */
  readonly contestants: readonly string[]
  /** A few rounds, and nothing with 100,000 entries unless asked for: a first look, with more noise. */
  readonly quick: boolean
}

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tasks: { type: 'string', default: '' },
      contestants: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
    },
  })
  return { tasks: split(values.tasks), contestants: split(values.contestants), quick: values.quick }
}

function split(list: string): string[] {
  return list.split(',').filter((item) => item !== '')
}
