// Command greeter is the service of a small repository, whose workflow the test runs.
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"net/http"
	"os"
)

// rounds is how much work a greeting takes. A pull request that raises it makes the service slower.
const rounds = 2_000

func main() {
	http.HandleFunc("GET /greeting", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.URL.Query().Get("name")))
		for range rounds {
			sum = sha256.Sum256(sum[:])
		}
		fmt.Fprintf(w, "hello %x\n", sum)
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
