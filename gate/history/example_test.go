package history_test

import (
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate/history"
)

func ExampleRead() {
	csv := `repo,bench,metric,unit,bigger_is_better,commit_index,commit_sha,timestamp,value
a/b,http,p95,ms,0,0,c0,1700000000000,12.5
a/b,http,p95,ms,0,1,c1,1700086400000,12.9
`
	histories, err := history.Read("p95.csv", strings.NewReader(csv))
	for _, h := range histories {
		fmt.Println(h.Name, h.Columns[0].Name, h.Runs[0].Values, h.Runs[1].Values, err)
	}
	// Output: a/b http p95 [12.5] [12.9] <nil>
}
