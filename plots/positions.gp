# SPDX-License-Identifier: GPL-3.0-or-later
# positions.gp -- where in a sequence tokens find no room at their experts
#
# data: series,label,layer,position,n,drops,drops_low,drops_high

headline = 'Dropped assignments by the place of the token in its sequence'
about = 'Lower is better, on the evaluation tokens after training.'
x_column = 'position'
x_title = 'place in the sequence'
x_unit = 1
measures = 1
array measure[1] = ['drops']
array heading[1] = ['share of the assignments dropped']
array scale[1] = ['zero']
floor_column = floor_title = ''
load 'multiples.gp'
