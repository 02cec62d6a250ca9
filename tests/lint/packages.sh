# SPDX-License-Identifier: GPL-3.0-or-later
# packages.sh -- names every package that is not in each of the places that install what moesim is built with: bootstrap,
# Containerfile, and debian/control, where those of every build need not be named.  Run at the root of the source tree.
bad=0
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
sed -n "s/^\t\"\$1\" \('[^']*'\|[^' ]*\) \([^ ]*\) .*/\2/p" bootstrap | sort >"$lists/bootstrap"
sed -n '/AS build$/,/^COPY/s/^\t\([a-z0-9-]*\)\( \\\)*$/\1/p' Containerfile | sort >"$lists/Containerfile"
[ ! -f debian/control ] || sed -n '/^Build-Depends:/,/^[A-Z].*:/s/^ \([a-z0-9-]*\).*/\1/p' debian/control | sed '/^debhelper-compat$/d; s/^pkgconf$/pkg-config/' | sort >"$lists/control"
grep -v -x -e gcc -e libc6-dev -e make "$lists/bootstrap" >"$lists/beyond"

# differ A B FILE -- what list A has and B has not is missing in the file
differ()
{
	for package in $(comm -23 "$lists/$1" "$lists/$2")
	do
		echo "$3: no $package, which ${4:-bootstrap} has"
		bad=1
	done
}
[ -s "$lists/bootstrap" ] || { echo 'bootstrap: no packages'; bad=1; }
differ bootstrap Containerfile Containerfile
differ Containerfile bootstrap bootstrap Containerfile
if [ -f debian/control ] # which no tarball has
then
	differ beyond control debian/control
	differ control beyond bootstrap debian/control
fi
exit $bad
