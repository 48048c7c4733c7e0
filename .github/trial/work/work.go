// Command work is a service for .github/trial/cost.sh. Each GET does the same work, and MORE percent more.
//
//	work PORT MORE
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
)

// hashes take two to three milliseconds, so that the rest of a request is a small part of its CPU time.
const hashes = 24000

func main() {
	more, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		log.Fatal(err)
	}
	n := int(hashes * (1 + more/100))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.URL.Path))
		for range n {
			sum = sha256.Sum256(sum[:])
		}
		fmt.Fprintf(w, "%x\n", sum)
	})))
}
