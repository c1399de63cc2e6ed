import { readClockOffset } from './file-clock.ts'

// Loaded before a verifier (`--import`): everything in its process that asks for the time gets that of the test's clock,
// so that what its libraries cache ages with it. Timers still go by the machine's.

const MachineDate = Date
const machineNow = performance.now.bind(performance)
const now = () => MachineDate.now() + readClockOffset()

globalThis.Date = new Proxy(MachineDate, {
  apply: () => new MachineDate(now()).toString(),
  construct: (target, parameters: readonly unknown[], newTarget) =>
    Reflect.construct(target, parameters.length === 0 ? [now()] : parameters, newTarget) as object,
  get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
})
performance.now = () => machineNow() + readClockOffset()
