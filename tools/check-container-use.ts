/*
 * Harm prevented: the dependency container leaking out of the composition root and becoming a service locator, so that
 * nobody can see from a signature what a piece of code needs.
 */
import ts from 'typescript'
import { importsOf, packageOf } from './imports.ts'
import { report, type Problems } from './report.ts'
import { isTestFile, listFiles, readFiles, repositoryRoot, type TextFile } from './repository.ts'

const containerPackages = new Set(['tsyringe', 'reflect-metadata'])
const isMain = (path: string): boolean => /^apps\/[^/]+\/src\/main\.ts$/.test(path)
const isComposition = (path: string): boolean => /^apps\/[^/]+\/src\/composition\//.test(path)

/**
 * Names every use of the container outside the composition folder of an app and `main.ts`, and every place where `main.ts` does
 * anything with it but ask it for something. Tests of an app may compose a container of their own.
 */
export function findContainerUses(files: readonly TextFile[]): Problems {
  return files.flatMap(({ path, text }) => {
    if (isComposition(path)) return []
    if (isMain(path)) return findHandedOn(path, text)
    const isAppTest = path.startsWith('apps/') && isTestFile(path)
    return importsOf(path, text).flatMap(({ specifier, line }) => {
      if (containerPackages.has(packageOf(specifier) ?? '') && !isAppTest) {
        return [
          `${path}:${line} imports ${specifier}: only composition/ and main.ts of an app know the container`,
        ]
      }
      if (/(^|\/)composition\/container\.ts$/.test(specifier) && !isAppTest) {
        return [`${path}:${line} imports ${specifier}: only main.ts creates the container`]
      }
      return []
    })
  })
}

/** Finds where a container made by `createContainer` is used as a value instead of by one of its methods. */
function findHandedOn(path: string, text: string): Problems {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const problems: string[] = []
  const names = new Set<string>()
  const isCreation = (node: ts.Node): boolean =>
    ts.isCallExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'createContainer'
  const note = (node: ts.Node): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
    problems.push(`${path}:${line} hands the container on: resolve what is needed and pass that`)
  }
  const collect = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isIdentifier(node.name)) {
      const value = ts.isAwaitExpression(node.initializer) ? node.initializer.expression : node.initializer
      if (isCreation(value)) names.add(node.name.text)
    }
    ts.forEachChild(node, collect)
  }
  const inspect = (node: ts.Node): void => {
    if (isCreation(node)) {
      const holder = ts.isAwaitExpression(node.parent) ? node.parent.parent : node.parent
      if (!ts.isVariableDeclaration(holder) && !ts.isPropertyAccessExpression(node.parent)) note(node)
    }
    if (ts.isIdentifier(node) && names.has(node.text)) {
      const { parent } = node
      const isDeclared = ts.isVariableDeclaration(parent) && parent.name === node
      const isAsked = ts.isPropertyAccessExpression(parent) && parent.expression === node
      const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node
      if (!isDeclared && !isAsked && !isMember) note(node)
    }
    ts.forEachChild(node, inspect)
  }
  collect(source)
  inspect(source)
  return problems
}

if (import.meta.main) {
  const files = readFiles(repositoryRoot, listFiles(repositoryRoot), (path) =>
    /^(apps|libs|tools)\/.*\.ts$/.test(path),
  )
  report(
    'check-container-use',
    findContainerUses(files),
    `${files.length} files, the container stays in composition`,
  )
}
