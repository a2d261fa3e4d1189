// A wallet on Sphereon's OpenID4VCI client. One command as JSON on standard input, one answer as JSON on standard output:
//   {"command": "pre-authorized", "uri": …, "tx_code"?: …, "dpop"?: true}
//   {"command": "authorize", "uri": …, "client_id": …, "redirect_uri": …}        -> url, state
//   {"command": "code", "state": …, "landed": …, "dpop"?: true}
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { CredentialRequestClient, OpenID4VCIClientV1_0_15 as Client } from "@sphereon/oid4vci-client";

// The one thing changed of it: draft 15 had `proof`, which OpenID4VCI 1.0 (8.2) replaced by `proofs`.
const spelt = CredentialRequestClient.prototype.createCredentialRequest;
CredentialRequestClient.prototype.createCredentialRequest = async function (options) {
  const { proof, ...request } = await spelt.call(this, options);
  return { ...request, proofs: { [proof.proof_type]: [proof.jwt] } };
};

const newKey = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { pem: privateKey.export({ type: "pkcs8", format: "pem" }), jwk: publicKey.export({ format: "jwk" }) };
};
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (pem, header, payload) => {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = sign("sha256", Buffer.from(input), { key: createPrivateKey(pem), dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
};

const dpopOptions = (key) => ({
  jwtIssuer: { alg: "ES256", jwk: key.jwk },
  jwtPayloadProps: {},
  dPoPSigningAlgValuesSupported: ["ES256"],
  createJwtCallback: async (issuer, { header, payload }) => jwt(key.pem, { ...header, jwk: key.jwk }, { jti: randomUUID(), ...payload }),
});

const obtain = async (client, request, token) => {
  const dpop = request.dpop ? dpopOptions(newKey()) : undefined;
  const response = await client.acquireAccessToken({ ...token, ...(dpop ? { createDPoPOpts: dpop } : {}) });
  const holder = newKey();
  const issued = await client.acquireCredentials({
    credentialConfigurationId: "pid",
    format: "dc+sd-jwt",
    alg: "ES256",
    jwk: holder.jwk,
    proofCallbacks: { signCallback: async (args) => jwt(holder.pem, { ...args.header, jwk: holder.jwk }, args.payload) },
    ...(dpop ? { createDPoPOpts: dpop } : {}),
  });
  return { token_type: response.token_type, holder: holder.jwk, response: issued };
};

const commands = {
  "pre-authorized": async (request) => {
    const client = await Client.fromURI({ uri: request.uri, alg: "ES256" });
    return obtain(client, request, request.tx_code ? { pin: request.tx_code } : {});
  },
  authorize: async (request) => {
    const client = await Client.fromURI({
      uri: request.uri, clientId: request.client_id, createAuthorizationRequestURL: false,
    });
    const url = await client.createAuthorizationRequestUrl({
      authorizationRequest: { clientId: request.client_id, redirectUri: request.redirect_uri, scope: "pid", parMode: 0 },
    });
    return { url, state: await client.exportState() };
  },
  code: async (request) => obtain(await Client.fromState({ state: request.state }), request, { authorizationResponse: request.landed }),
};

const request = JSON.parse(readFileSync(0, "utf8"));
let answer;
try {
  answer = { ok: true, result: await commands[request.command](request) };
} catch (error) {
  answer = { ok: false, error: String(error?.message ?? error), stack: String(error?.stack ?? "") };
}
process.stdout.write(JSON.stringify(answer));
