// An access token by google-auth-library: a JSON object on standard input says which, one on standard output
// is the token with its end in milliseconds, or {"error"}.
//
//   {"file": KEY_OR_EXTERNAL_ACCOUNT, "scopes": [...], "impersonate": EMAIL or null}
//
// With "impersonate" the file's identity is the source of google-auth-library's own Impersonated.
const fs = require("fs");
const {ExternalAccountClient, Impersonated, auth} = require("google-auth-library");

async function main({file, scopes, impersonate}) {
  let client = file.type === "external_account" ? ExternalAccountClient.fromJSON(file) : auth.fromJSON(file);
  client.scopes = impersonate ? ["https://www.googleapis.com/auth/cloud-platform"] : scopes;
  if (impersonate) {
    client = new Impersonated({sourceClient: client, targetPrincipal: impersonate, targetScopes: scopes});
  }
  const {token} = await client.getAccessToken();
  return {token, expiry: client.credentials.expiry_date};
}

main(JSON.parse(fs.readFileSync(0, "utf8")))
  .catch((error) => ({error: error.message}))
  .then((answer) => console.log(JSON.stringify(answer)));
