# Sourced with the script's own path and arguments, once the packages are there.  Root that works in
# somebody else's clone goes on as its owner: gantryd loads flavors only from directories of root or
# of its own user, and what is built belongs to who has the clone.
uid=$(stat -c %u .) gid=$(stat -c %g .)
if [ "$(id -u)" -eq 0 ] && [ "$uid" -ne 0 ]; then
  home=$(getent passwd "$uid" | cut -d: -f6) || true  # nobody of this machine's
  echo "This clone belongs to user $uid: going on as that user"
  exec setpriv --reuid="$uid" --regid="$gid" --clear-groups env HOME="${home:-/tmp}" "$@"
fi
