type Child = Node | string

/** Creates an element with properties and children. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...children)
  return element
}

/** Finds an element of index.html. Throws if it is missing. */
export function find<E extends Element>(selector: string, kind: abstract new (...args: never[]) => E): E {
  const element = document.querySelector(selector)
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} at ${selector}`)
  return element
}

/** Shows a country's flag, or its code until the flag can be loaded. */
export function flag(code: string, pause = 500): HTMLElement {
  const image = make('img', {
    className: 'flag',
    // Set it before `src`. Otherwise the image loads at once.
    loading: 'lazy',
    src: `/flags/${code.toLowerCase()}.svg`,
    alt: '',
    width: 48,
    height: 32,
  })
  image.addEventListener('error', () => {
    const stand = make('span', { className: 'flag missing' }, code)
    stand.ariaHidden = 'true'
    image.replaceWith(stand)
    const again = () => stand.replaceWith(flag(code, 2 * pause))
    // A failure while offline may be reported once online, and the first retry may be too early.
    if (navigator.onLine) setTimeout(again, pause)
    else addEventListener('online', again, { once: true })
  })
  return image
}
