import type { InjectionToken } from 'tsyringe'

/** Says how the object is made that plays a role. */
export type Provide = <T>(token: InjectionToken<T>, make: () => T) => void

/** Gives the object that plays a role. */
export type Get = <T>(token: InjectionToken<T>) => T
