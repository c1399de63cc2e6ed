import ts from 'typescript'

/** One import of a source file: its specifier and the 1-based line it is on. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** Whether it is gone at run time (`import type`, `export type`, `import('x').T`). */
  readonly isTypeOnly: boolean
}

/** Every module that a TypeScript source names: imports, re-exports, type imports and `import()` of a literal. */
export function importsOf(path: string, text: string): readonly Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (node: ts.Expression | undefined, isTypeOnly: boolean): void => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
    found.push({ specifier: node.text, line, isTypeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** The npm package of a specifier, `undefined` for relative files, `#…` and what Node itself provides. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|#|\/|node:)/.test(specifier)) return undefined
  const [scope = '', name = ''] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}
