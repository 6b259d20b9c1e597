/**
 * The password file of the web configuration: users with their salted hashes, sealed under the
 * `auth_key` of the key folder (acra-formats.md §8.6).
 *
 * @module
 */

export {
  type Account,
  checkUserName,
  findAccount,
  removeAccount,
  setAccount,
} from "./account_list.ts";
export { AccountsError } from "./accounts_error.ts";
export { openAccounts, readAccountsFile, sealAccounts } from "./accounts_file.ts";
export { verifyPassword } from "./password.ts";
