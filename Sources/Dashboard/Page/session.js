// Inside a cluster people are logged in: who it is, how they leave, and where they go when their session has ended.

/** What an administrator types so that somebody sees nodes. */
export function remedy({ user, role }) {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  const subject = account ? `--serviceaccount=${account[1]}:${account[2]}` : `--user='${user.replaceAll("'", "'\\''")}'`;
  const name = user.replace(/^system:serviceaccount:/, "").toLowerCase().replace(/[^a-z0-9.-]+/g, "-");
  return `kubectl create clusterrolebinding ${role}-${name} --clusterrole=${role} ${subject}`;
}

export async function leave() {
  await fetch("/logout", { method: "POST" }).catch(() => null);
  location.replace("/login");
}
