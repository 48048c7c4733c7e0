package openapi

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// integer makes a whole number.
func (m *maker) integer(name string, s *shape) (any, error) {
	low, high := int64(1), int64(100)
	if s.min != nil {
		low = int64(max(math.Ceil(s.min.float()), math.MinInt64))
		if s.min.strict && float64(low) == s.min.float() {
			low++
		}
		high = max(high, low+min(99, math.MaxInt64-low))
	}
	if s.max != nil {
		top := s.max.float()
		high = int64(min(math.Floor(top), 1<<62))
		if s.max.strict && float64(high) == top {
			high--
		}
		if s.min == nil {
			low = min(low, high)
		}
	}
	if low > high {
		return nil, fmt.Errorf("%s: no whole number lies within its bounds", name)
	}
	if step, err := strconv.ParseFloat(s.multiple, 64); err == nil && step > 0 && step != 1 {
		whole := int64(step)
		if float64(whole) != step {
			whole = 1
		}
		n := (low + whole - 1) / whole * whole
		if n == 0 && high >= whole {
			n = whole
		}
		return json.Number(strconv.FormatInt(n, 10)), nil
	}
	if low == high {
		return json.Number(strconv.FormatInt(low, 10)), nil
	}
	return fmt.Sprintf("${int(%d,%d)}", low, high), nil
}

// number makes a number.
func (m *maker) number(name string, s *shape) (any, error) {
	if s.multiple != "" {
		if step, err := strconv.ParseFloat(s.multiple, 64); err == nil && step > 0 {
			n := step
			if s.min != nil && n < s.min.float() {
				n = math.Ceil(s.min.float()/step) * step
			}
			return json.Number(strconv.FormatFloat(n, 'f', decimals(s.multiple), 64)), nil
		}
	}
	low, high := 1.0, 100.0
	if s.min != nil {
		low = s.min.float()
		high = max(high, low+99)
	}
	if s.max != nil {
		high = s.max.float()
		if s.min == nil {
			low = min(low, high-1)
		}
	}
	if s.min != nil && s.min.strict || s.max != nil && s.max.strict { // the bounds themselves are outside
		low, high = low*0.75+high*0.25, low*0.25+high*0.75
	}
	if low > high {
		return nil, fmt.Errorf("%s: no number lies within its bounds", name)
	}
	if low == high {
		return json.Number(strconv.FormatFloat(low, 'g', -1, 64)), nil
	}
	return fmt.Sprintf("${float(%s,%s)}", strconv.FormatFloat(low, 'g', -1, 64), strconv.FormatFloat(high, 'g', -1, 64)), nil
}

// decimals is how many digits stand behind the point.
func decimals(text string) int {
	_, after, _ := strings.Cut(text, ".")
	return min(len(after), 15)
}
