export interface IdTokenClaims {}
