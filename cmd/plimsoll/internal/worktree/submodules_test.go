package worktree_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git/gittest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/worktree"
)

// withLibrary is a repository with a submodule "library", which has one "inner", and where the
// two come from.
func withLibrary(t *testing.T) (dir, library, inner string) {
	t.Helper()
	dir, _ = gittest.Repository(t)
	library, inner = filepath.Join(t.TempDir(), "library"), filepath.Join(t.TempDir(), "inner")
	for _, from := range []string{inner, library} {
		gittest.Write(t, filepath.Join(from, "text"), filepath.Base(from))
		gittest.Run(t, from, "init", "-q", "-b", "main")
		if from == library {
			gittest.Run(t, from, "submodule", "--quiet", "add", inner, "inner")
		}
		gittest.Run(t, from, "add", ".")
		gittest.Run(t, from, "commit", "-qm", "l")
		gittest.Run(t, from, "tag", "v1")
	}
	gittest.Run(t, dir, "submodule", "--quiet", "add", library, "third party/library")
	gittest.Run(t, dir, "submodule", "--quiet", "update", "--init", "--recursive")
	gittest.Run(t, dir, "commit", "-qm", "with a library")
	return dir, library, inner
}

// checkLibrary checks HEAD of dir out and looks for all files of the submodules.
func checkLibrary(t *testing.T, dir string) {
	t.Helper()
	before := own(t, dir)
	tree, err := worktree.Checkout(t.Context(), git.In(dir, os.Environ()), "HEAD")
	if err != nil {
		t.Error(err)
		return
	}
	there := filepath.Join(tree.Dir, "third party/library")
	for path, want := range map[string]string{"text": "library", "inner/text": "inner"} {
		if text, err := os.ReadFile(filepath.Join(there, path)); err != nil || string(text) != want {
			t.Errorf("%s is %q, %v", path, text, err)
		}
	}
	if tag := gittest.Run(t, there, "describe", "--tags"); tag != "v1" {
		t.Errorf("the library is at %s", tag)
	}
	if changes := gittest.Run(t, tree.Dir, "status", "--porcelain"); changes != "" {
		t.Errorf("the checkout differs from its commit:\n%s", changes)
	}
	if err := tree.Remove(); err != nil {
		t.Error(err)
	}
	if after := own(t, dir); after != before {
		t.Errorf("the user's tree was %s, and is %s", before, after)
	}
	alone(t, dir)
}

// A commit that the user's tree has is not fetched: its origin is gone, and git may not fetch
// submodules from the disk.
func TestSubmodulesAtHand(t *testing.T) {
	dir, library, inner := withLibrary(t)
	for _, from := range []string{library, inner} {
		if err := os.RemoveAll(from); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GIT_CONFIG_COUNT", "0")
	checkLibrary(t, dir)
}

// A user's clone without submodules stays without them.
func TestSubmodulesFetched(t *testing.T) {
	dir, _, _ := withLibrary(t)
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, dir, "clone", "-q", dir, clone)
	checkLibrary(t, clone)
}

// The submodule is at hand, but it is shallow, as actions/checkout makes it.
func TestSubmodulesShallow(t *testing.T) {
	dir, library, _ := withLibrary(t)
	gittest.Write(t, filepath.Join(library, "text"), "newer")
	gittest.Run(t, library, "commit", "-qam", "newer")
	gittest.Write(t, filepath.Join(library, "text"), "library")
	gittest.Run(t, library, "commit", "-qam", "as before")
	gittest.Run(t, library, "tag", "-f", "v1")
	gittest.Run(t, filepath.Join(dir, "third party/library"), "fetch", "-q", "--tags", "--force", "origin")
	gittest.Run(t, filepath.Join(dir, "third party/library"), "checkout", "-q", "v1")
	gittest.Run(t, dir, "commit", "-qam", "a newer library")
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, dir, "clone", "-q", "--depth=1", "file://"+dir, clone)
	gittest.Run(t, clone, "config", "submodule.third party/library.url", "file://"+library)
	gittest.Run(t, clone, "submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
	gittest.Run(t, filepath.Join(clone, "third party/library"), "fetch", "-q", "--depth=1", "origin", "tag", "v1")
	if err := os.RemoveAll(library); err != nil {
		t.Fatal(err)
	}
	checkLibrary(t, clone)
}

// A submodule that cannot be fetched is an error, and leaves nothing behind.
func TestSubmodulesGone(t *testing.T) {
	dir, library, _ := withLibrary(t)
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, dir, "clone", "-q", dir, clone)
	if err := os.RemoveAll(library); err != nil {
		t.Fatal(err)
	}
	tree, err := worktree.Checkout(t.Context(), git.In(clone, os.Environ()), "HEAD")
	if want := "check out HEAD: submodule third party/library: git submodule: "; tree != nil || err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
		t.Errorf("got %v, want %s...", err, want)
	}
	alone(t, clone)
}
