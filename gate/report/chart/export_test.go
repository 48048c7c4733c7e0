package chart

// MostPoints is how many points of a line are drawn.
const MostPoints = mostPoints

// Thin takes the points of a line that are drawn.
func Thin(x, y []float64, most int) (thinX, thinY []float64) { return thin(x, y, most) }
